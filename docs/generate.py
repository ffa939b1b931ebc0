#!/usr/bin/env python3
"""Writes the pages that come from the sources, and the outputs that the other pages show.
usage: generate.py [--check] [QUERN]

Pages made as a whole: library.md, dialect.md, passes.md, c-api.md. In every other page and
README.md, code blocks are renewed by
what stands behind their language:
    ```python FILE.qn      is written to a folder, in which the following commands run
    ```python check        compiles without a message
    ```python error        does not; the next block becomes what `quern check` says
    ```python run NAME     the next block becomes what `quern run FILE:NAME` prints
    ```LANGUAGE $ COMMAND  becomes what the command prints; `| @NAME` behind it takes one function, `| FIRST .. LAST`
                           the lines from the first that holds a text to the next that holds another
and what stands between <!-- builtins --> and <!-- end --> by the table of built-in functions. With --check nothing is
written, and pages that would change are an error.
"""
import difflib
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

DOCS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(DOCS)
LLVM = "/usr/lib/llvm-22"
RENEW = "python3 docs/generate.py"
WIDTH = 120


class Failure(Exception):
    """What is wrong with a page, in one sentence."""


def read(path):
    with open(os.path.join(ROOT, path)) as file:
        return file.read()


def run(*words, cwd=None, status=0):
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=300)
    if status is not None and done.returncode != status:
        raise Failure(f"{shlex.join(words)} exits with {done.returncode}: {done.stderr.strip()}")
    return done.stdout + done.stderr


def filled(text):
    """Lines of one paragraph joined, and cut at the page's width."""
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = ""
        line += (" " if line else "") + word
    return "\n".join(lines + [line])


def escaped(text):
    """Prose of a comment, without what Markdown would take for its own outside of `code`."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*<])", r"\\\1", part) for part in parts)


def paragraphs(text):
    """Prose as it stands in a source, its paragraphs filled and its code blocks and lists kept."""
    out = []
    for part in re.split(r"(```.*?```)", text.strip(), flags=re.S):
        if part.startswith("```"):
            out.append("\n".join(line.rstrip() for line in part.splitlines()))
        else:
            for paragraph in re.split(r"\n\s*\n", part):
                if paragraph.strip():
                    out.append(filled(escaped(paragraph)))
    return "\n\n".join(out)


def dedent(text):
    lines = text.rstrip().splitlines()
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[indent:].rstrip() for line in lines).strip("\n")


def head_comment(path, mark="//"):
    """What the comment at the top of a file says."""
    lines = []
    for line in read(path).splitlines():
        if not line.startswith(mark):
            break
        lines.append(line[len(mark):].strip())
    return " ".join(lines)


def page(title, intro, sources, *parts):
    note = f"<!-- Written by docs/generate.py from {sources}. -->\n"
    return note + f"# {title}\n{filled(intro)}\n\n" + "\n\n".join(parts) + "\n"


def cell(text):
    return text.replace("|", "\\|")


def records(path):
    """The definitions of a TableGen file, as LLVM dumps them."""
    text = run(f"{LLVM}/bin/llvm-tblgen", "-I", f"{LLVM}/include", "-I", ROOT, "--dump-json", os.path.join(ROOT, path))
    return json.loads(text)


# The language.


def documentation(quern):
    return json.loads(run(quern, "doc", "--json"))


def example_block(example):
    """An example as code, with its result as a comment."""
    layer = re.fullmatch(r"(\w+\(.*\)) (of|maps) (.*) (is|to) (\S.*)", example)
    if layer:
        made, how, given, _, result = layer.groups()
        call = f"{made}({given})" if how == "of" else made
        note = result if how == "of" else f"{given} to {result}"
        return f"```python\n{call}  # {note}\n```"
    value = re.fullmatch(r"(.*\S) is (\S.*)", example)
    if value and not example.startswith("@"):
        return f"```python\n{value[1]}  # {value[2]}\n```"
    return f"```python\n{example}\n```"


def library(quern):
    parts = []
    for name in ("layers", "windows", "transformers", "norms", "activations", "distances", "functions", "losses", "metrics", "optimizers", "schedules"):
        path = f"compiler/stdlib/{name}.qn"
        items = [item for item in documentation(quern) if item["group"] == name]
        part = f"## {name.capitalize()}\n{filled(head_comment(path, '#'))}"
        for item in items:
            head = "" if item["kind"] == "def" else item["kind"] + " "
            part += f"\n\n### {item['name']}\n`{head}{item['signature']}`\n\n{filled(escaped(item['text']))}\n"
            part += example_block(item["example"])
        parts.append(part)
    intro = ("What every file can use without an import, written in the language itself (`compiler/stdlib/`). The comment "
             "behind an example is its result; the tests run every one. `quern doc NAME` prints an item, and "
             "[language.md](language.md) lists the built-in functions.")
    return page("Standard library", intro, "compiler/stdlib", *parts)


def builtins(quern):
    parts, group = [], None
    for item in documentation(quern):
        if item["kind"] != "builtin":
            continue
        if item["group"] != group:
            group = item["group"]
            parts.append(f"\n**{group}**\n\n| function | what it gives | example |\n|---|---|---|")
        example = item["example"].rpartition(" is ")
        shown = f"`{cell(example[0])}` is `{cell(example[2])}`" if example[0] else ""
        parts.append(f"| `{cell(item['signature'])}` | {cell(escaped(item['text']))} | {shown} |")
    return "\n".join(parts).strip()


# The dialect and the passes.


def split_description(text):
    """Semantics, constraints as a list, and the example, of an op's description."""
    text = dedent(text).replace("It has no derivative.", "")
    text, _, example = text.partition("Example:")
    text, _, constraints = text.partition("Constraints:")
    note = ""
    listed = []
    for number, rest in re.findall(r"\((C\d(?:\) (?:to|and) \(C\d)?)\)\s+(.*?)(?=;?\s*\(C\d\)|$)", constraints.strip(), re.S):
        rest = " ".join(rest.split()).rstrip(";")
        rest, dot, note = rest.partition(". ")
        listed.append(f"- ({number}) {rest.rstrip('.')}")
    return paragraphs(text + ("\n\n" + note if note else "")), "\n".join(listed), dedent(example)


def no_derivatives():
    found = re.findall(r'^NONE\((\w+),\s*"(.*?)"\)', read("compiler/autodiff/Derivatives.cpp"), re.M)
    if not found:
        raise Failure("compiler/autodiff/Derivatives.cpp has no rows NONE(OP, REASON)")
    return dict(found)


# What MLIR calls its attributes, as a reader would.
WORDS = {"quern tensor": "tensor", "64-bit signless integer attribute": "number", "string attribute": "text",
         "32-bit signless integer attribute": "number", "i64 dense array attribute": "numbers",
         "constant vector/tensor attribute": "elements"}


def kind_of(ops, name):
    """What an operand, attribute or result is."""
    record = ops[name]
    if "Variadic" in record["!superclasses"]:
        return "any number, each " + kind_of(ops, record["baseType"]["def"])
    if "OptionalAttr" in record["!superclasses"]:
        return "optional " + re.sub(r"^(the|an?) ", "", kind_of(ops, record["baseAttr"]["def"]))
    return WORDS.get(record["summary"], record["summary"])


def operands_of(ops, record):
    """The sentence that names what the op takes, gives and holds."""
    clauses = []
    for verb, group in (("Takes", "arguments"), ("gives", "results")):
        named = [f"`{name}` ({kind_of(ops, kind['def'])})" for kind, name in record[group]["args"]]
        if named:
            clauses.append(f"{verb} {', '.join(named)}")
    regions = [f"`{name}`" for _, name in record["regions"]["args"]]
    if regions:
        clauses.append(f"holds {' and '.join(regions)}")
    sentence = "; ".join(clauses)
    return filled(sentence[0].upper() + sentence[1:] + ".") if sentence else ""


def types_and_words(ops):
    """The dialect's types and attributes, and the words of its enumerations."""
    enumerations = ops["!instanceof"]["EnumInfo"]
    wrappers = {name + "Attr" for name in enumerations}
    parts = ["## Types and attributes"]
    for sigil, kind in (("!", "TypeDef"), ("#", "AttrDef")):
        for name in ops["!instanceof"][kind]:
            record = ops[name]
            if name not in wrappers:
                head = f"### {sigil}quern.{record['mnemonic']}\n*{record['summary']}*"
                parts.append("\n\n".join([head, paragraphs(record["description"] or "")]).rstrip())
    table = ["### Words in ops\n| words | what they say |\n|---|---|"]
    for name in enumerations:
        cases = ", ".join(f"`{ops[case['def']]['str']}`" for case in ops[name]["enumerants"])
        table.append(f"| {cases} | {cell(ops[name]['summary'])} |")
    return "\n\n".join(parts + ["\n".join(table)])


def family_of_ops(ops, family, members, reasons):
    """A family's ops: those of one shape in a table, the others one by one."""
    part = f"## {family}\n{filled(head_comment(f'dialect/{family}.td'))}"
    table, sections, shared = [], [], None
    for record in members:
        meaning, constraints, example = split_description(record["description"])
        reason = reasons.get(record["!name"].removeprefix("Quern_"))
        none = f"No derivative: {reason}." if reason and "derivative" not in meaning else ""
        if {"Quern_UnaryOp", "Quern_BinaryOp"} & set(record["!superclasses"]):
            kind = kind_of(ops, record["results"]["args"][0][0]["def"])
            told = cell(" ".join(f"{meaning} {none}".split()))
            table.append(f"| `{record['opName']}` | {record['summary']} | {told} | {kind} |")
            shared = shared or f"{constraints}\n\n{example}"
        else:
            head = f"### quern.{record['opName']}\n*{record['summary']}*"
            pieces = [head, meaning, operands_of(ops, record), constraints, none, example]
            sections.append("\n\n".join(piece for piece in pieces if piece))
    if table:
        sections.insert(0, "| op | what it is | meaning | of |\n|---|---|---|---|\n" + "\n".join(table) + "\n\n" + shared)
    return "\n\n".join([part, *sections])


def dialect(_):
    ops = records("dialect/QuernOps.td")
    parts = [types_and_words(ops)]
    for family in re.findall(r'include "dialect/(\w+)\.td"', read("dialect/QuernOps.td")):
        members = [ops[name] for name in ops["!instanceof"]["Op"] if ops[name]["!locs"][0].startswith(family + ".td")]
        members.sort(key=lambda record: int(record["!locs"][0].rpartition(":")[2]))
        if members:
            parts.append(family_of_ops(ops, family, members, no_derivatives()))
    intro = paragraphs(ops["Quern_Dialect"]["description"])
    intro = intro.replace("`README.md` beside this file", "[dialect/README.md](../dialect/README.md)")
    return page("The dialect's ops", intro + " Constraints have the numbers that the verifiers name.", "dialect/*.td", *parts)


def pass_part(path, record, all_records, phase):
    part = f"## {record['argument']}\n*{record['summary']}*\n\n{paragraphs(record['description'])}"
    if record["options"]:
        part += "\n\n| option | what it says | default |\n|---|---|---|"
        for option in record["options"]:
            o = all_records[option["def"]]
            default = f"`{cell(o['defaultValue'])}`" if o.get("defaultValue") else "none"
            part += f"\n| `{o['argument']}` | {cell(o['description'])} | {default} |"
    leads = f"Leads to phase `{phase}`. " if phase else ""
    return f"{part}\n\n{leads}Source: [{path}](../{path})."


def passes(quern):
    phases = [line.split(None, 1) for line in run(quern, "phases").partition("\noptimisations")[0].splitlines()[1:]]
    table = "\n".join(f"| `{name}` | {what} |" for name, what in phases)
    pipeline = read("compiler/pipelines/Phases.cpp")
    found = []
    for path in run("git", "-C", ROOT, "ls-files", "compiler/*.td").split():
        all_records = records(path)
        for name in all_records["!instanceof"].get("PassBase", []):
            # The function of the pipeline that adds the pass is called after the phase.
            place = pipeline.find(f"create{name}(")
            phase = re.findall(r"static void build(\w+)", pipeline[:place])[-1].lower() if place >= 0 else ""
            text = pass_part(path, all_records[name], all_records, phase)
            found.append((place if place >= 0 else len(pipeline), path, text))
    intro = ("What turns one phase into the next. `quern-opt --NAME FILE.mlir` runs a single pass; MLIR's canonicalizer and "
             "common-subexpression elimination run between them. [compiler.md](compiler.md) follows a model through all of it.")
    parts = [f"## Phases\n`quern phases` prints them.\n\n| phase | what it holds |\n|---|---|\n{table}"]
    return page("Phases and passes", intro, "the compiler's .td files and `quern phases`", *parts,
                *(text for _, _, text in sorted(found)))


# The C interface.


def comment_text(comment):
    """What a C comment says, without its stars."""
    inside = re.sub(r"^\s*/\*+ ?|\s*\*+/\s*$", "", comment)
    return re.sub(r"\n\s*\* ?", "\n", inside).strip()


def api_part(path):
    text = read(path)
    lines = text.splitlines()
    parts, section, comment, code, depth, intro = [], None, [], [], 0, None

    def flush():
        nonlocal comment, code
        if code:
            block = dedent("\n".join(code))
            prose = paragraphs("\n".join(comment)) if comment else ""
            parts.append((prose + "\n" if prose else "") + f"```c\n{block}\n```")
        comment, code = [], []

    i = 0
    while i < len(lines):
        line = lines[i]
        stripped = line.strip()
        if depth == 0 and stripped.startswith("/*"):
            block = [line]
            while "*/" not in block[-1]:
                i += 1
                block.append(lines[i])
            plain = comment_text("\n".join(block))
            flush()
            title = re.fullmatch(r"-+ (.*?) -+", plain)
            if intro is None:
                intro = plain
            elif title:
                parts.append(f"### {title[1]}")
            else:
                comment = plain.splitlines()
        elif stripped.startswith("#ifdef __cplusplus"):
            while not lines[i].startswith("#endif"):
                i += 1
        elif depth == 0 and stripped.startswith("#"):
            if stripped.startswith("#define") and not stripped.endswith("_H"):
                code.append(line)
        elif not stripped:
            if depth == 0:
                flush()
            else:
                code.append(line)
        else:
            code.append(line)
            plain = re.sub(r"/\*.*?\*/", "", line)
            depth += plain.count("{") - plain.count("}")
        i += 1
    flush()
    name = os.path.relpath(path, "runtime/include")
    return f"## {name}\n{paragraphs(intro or '')}\n\n" + "\n\n".join(parts)


def declarations(text):
    """The members or items of C++ text as [comment, declaration], the declaration without its body."""
    text = re.sub(r"^#.*\n", "", text, flags=re.M)
    found, comment, code, i = [], [], "", 0
    while i < len(text):
        documented = re.match(r"[ ]*///? ?(.*)\n", text[i:])
        if documented and not code.strip():
            if text[i:].lstrip().startswith("///"):
                comment.append(documented[1])
            i += documented.end()
            continue
        if text.startswith("//", i):
            i = text.index("\n", i)
            continue
        if text[i] == "{" and code.count("(") == code.count(")"):
            depth, begin = 0, i
            while True:
                depth += {"{": 1, "}": -1}.get(text[i], 0)
                i += 1
                if depth == 0:
                    break
            after = re.match(r"\s*;", text[i:])
            i += after.end() if after else 0
            found.append((comment, code, text[begin + 1:text.rindex("}", begin, i)]))
            comment, code = [], ""
            continue
        if text[i] == ";" or (text[i] == ":" and code.strip() in ("public", "private", "protected")):
            found.append((comment, code + text[i], None))
            comment, code = [], ""
        else:
            code += text[i]
        i += 1
    return found


def signature(code):
    """A declaration on one line, without what a constructor does first or a value's default."""
    code = " ".join(code.split()).rstrip(";").strip()
    code = re.sub(r"\) (const )?(noexcept )?: .*$", ")", code)
    return code + ";"


def with_code(text):
    """Prose whose indented lines are C++."""
    return re.sub(r"\n?(?:^  .*\n?)+", lambda code: f"\n```cpp\n{dedent(code[0])}\n```\n", text, flags=re.M)


def cpp_part(path):
    text = read(path)
    intro = "\n".join(line[3:] for line in text.split("#ifndef", 1)[0].splitlines())
    parts = [f"## {os.path.relpath(path, 'runtime/include')}", with_code(intro)]
    body = text[text.index("namespace quern {") + len("namespace quern {"):text.rindex("} // namespace quern")]
    for comment, code, inside in declarations(body):
        if not comment:
            continue  # what others are made of
        kind = re.match(r"\s*(?:template <[^>]*>\s*)?(?:class|struct)\s+(?:\[\[nodiscard\]\]\s*)?(\w+)\s*$", code)
        lines = []
        if not kind:
            lines.append(signature(code))
        for remark, member, _ in declarations(inside) if kind else ():
            if member.strip() == "private:":
                break
            if member.strip() == "public:" or re.search(r"\boperator\b|= delete|= default|&&|~|class Body", member):
                continue
            lines += [f"// {line}" for line in remark] + [signature(member)]
        parts.append(f"### {kind[1]}" if kind else "")
        parts.append(paragraphs(with_code("\n".join(comment))))
        parts.append("```cpp\n" + "\n".join(lines) + "\n```")
    return "\n\n".join(part for part in parts if part)


def c_api(_):
    parts = [api_part(f"runtime/include/quern/{name}") for name in ("quern.h", "artefact.h", "program.h")]
    parts.insert(1, cpp_part("runtime/include/quern/quern.hpp"))
    intro = ("What a program sees of a compiled model, from the public headers. [running.md](running.md#from-c-and-c) shows a "
             "whole training step, [examples/embed](../examples/embed/README.md) whole programs; `quern/quern.hpp` wraps it "
             "for C++.")
    return page("C and C++ interface", intro, "runtime/include/quern", *parts)


# Pages with blocks that are renewed.


def function_of(text, name):
    """One function of a printed program."""
    lines = text.splitlines()
    start = re.compile(r"\s*(func\.func|define)\b.* @\"?" + re.escape(name) + r"\"?\(|" + re.escape(name) + ":")
    for i, line in enumerate(lines):
        if start.match(line):
            indent = len(line) - len(line.lstrip())
            for k in range(i + 1, len(lines)):
                if lines[k].startswith(" " * indent + "}") or lines[k].startswith(".Lfunc_end"):
                    return dedent("\n".join(lines[i:k + (lines[k].strip() == "}")]))
    raise Failure(f"there is no function {name}")


def lines_of(text, first, last):
    lines = text.splitlines()
    begins = [i for i, line in enumerate(lines) if first in line]
    ends = [k for k, line in enumerate(lines) if last in line and begins and k > begins[0]]
    if not ends:
        raise Failure(f"no lines from '{first}' to '{last}'")
    return dedent("\n".join(lines[begins[0]:ends[0] + 1]))


def folded(line):
    """A long line of a printed program, broken between arguments, results and attributes."""
    indent = " " * (len(line) - len(line.lstrip()))
    out = []
    while len(line) > WIDTH:
        ends = r', (?=[%!#"<])|\) (?=->|attributes)| (?=attributes|\{operandSlots|resultSlots)'
        cuts = [match.start() + 1 for match in re.finditer(ends, line[:WIDTH])]
        cuts = [cut for cut in cuts if cut > len(indent) + 8]
        if not cuts:
            break
        out.append(line[:cuts[-1]].rstrip())
        line = indent + "    " + line[cuts[-1]:].lstrip()
    return "\n".join(out + [line])


def selected(text, selection):
    if " .. " in selection:
        text = lines_of(text, *selection.split(" .. "))
    elif selection.startswith("@"):
        text = function_of(text, selection[1:])
    elif selection:
        raise Failure(f"'{selection}' selects nothing")
    return "\n".join(folded(line) for line in text.rstrip().splitlines())


def command_output(quern, command, folder):
    command, _, selection = command.partition(" | ")
    words = shlex.split(command)
    if words[0] != "quern":
        raise Failure(f"only quern runs in pages, not '{command}'")
    return selected(run(quern, *words[1:], cwd=folder), selection.strip())


def renewed(text, quern):
    """The page with every block that comes from a command as it is now."""
    lines, out, following = text.split("\n"), [], None
    with tempfile.TemporaryDirectory() as folder:
        i = 0
        while i < len(lines):
            line = lines[i]
            i += 1
            if line == "<!-- builtins -->":
                while lines[i] != "<!-- end -->":
                    i += 1
                out += [line, builtins(quern)]
                continue
            out.append(line)
            fence = re.fullmatch(r"```(\w+)(?: (.*))?", line)
            if not fence:
                continue
            body = []
            while lines[i] != "```":
                body.append(lines[i])
                i += 1
            i += 1
            language, what = fence[1], fence[2] or ""
            code = "\n".join(body) + "\n"
            if following is not None:
                body, following = following, None
            elif what.startswith("$ "):
                body = command_output(quern, what[2:], folder).split("\n")
            elif language == "python" and what:
                name = what if what.endswith(".qn") else "m.qn"
                with open(os.path.join(folder, name), "w") as file:
                    file.write(code)
                if what.endswith(".qn") or what == "check":
                    said = run(quern, "check", name, cwd=folder, status=None)
                    if said:
                        raise Failure(f"an example says: {said.strip()}\n{code}")
                elif what == "error":
                    following = run(quern, "check", name, cwd=folder, status=None).rstrip().split("\n")
                elif what.startswith("run "):
                    following = run(quern, "run", f"{name}:{what[4:]}", cwd=folder).rstrip().split("\n")
                else:
                    raise Failure(f"'{line}' says nothing that is known")
            out += body + ["```"]
    if following is not None:
        raise Failure("behind the last example there is no block for what it prints")
    return "\n".join(out)


def main():
    arguments = [word for word in sys.argv[1:] if word != "--check"]
    check = len(arguments) < len(sys.argv) - 1
    quern = os.path.abspath(arguments[0] if arguments else os.path.join(ROOT, "build/bin/quern"))
    made = {"library.md": library, "dialect.md": dialect, "passes.md": passes, "c-api.md": c_api}
    stale = 0
    for name in ["../README.md", *sorted({*made, *(name for name in os.listdir(DOCS) if name.endswith(".md"))})]:
        path = os.path.normpath(os.path.join(DOCS, name))
        old = open(path).read() if os.path.exists(path) else ""
        try:
            new = made[name](quern) if name in made else renewed(old, quern)
        except Failure as failure:
            print(f"{os.path.relpath(path, ROOT)}: {failure}")
            stale += 1
            continue
        if old == new:
            continue
        if not check:
            with open(path, "w") as file:
                file.write(new)
            print("renewed " + os.path.relpath(path, ROOT))
            continue
        stale += 1
        difference = difflib.unified_diff(old.splitlines(), new.splitlines(), os.path.relpath(path, ROOT),
                                          "what the sources say", lineterm="", n=1)
        print("\n".join(list(difference)[:40]))
    if stale and check:
        print(f"{stale} pages are not what the sources say; this renews them: {RENEW}")
    return bool(stale)


sys.exit(main())
