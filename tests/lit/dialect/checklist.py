"""What every op of the dialect must have, from its definition (llvm-tblgen's JSON) and the tests beside this file.
checklist.py check OPS.json FOLDER: a summary, semantics, an example, constraints numbered from 1 without a gap, a case
in invalid*.mlir for each of them, and a folder that a function in simplify*.mlir shows, or a reason to have none.
checklist.py teeth OPS.json FOLDER: takes each of these from each op and wants `check` to say so.
checklist.py violations OPS.json FOLDER: what breaks each constraint in the language stands in FOLDER/constraints.txt, for
the op and number that it names, as programs that are there, or as a reason; and no message there speaks of MLIR.
checklist.py examples OPS.json: every example as a function."""
import copy
import json
import pathlib
import re
import sys

UNFOLDED = {
    "contract": "products of constants are no smaller", "conv": "as contract",
    "random": "its numbers depend on the call", "window_gather": "arises in derivatives only, from windows that count",
    "window_scatter": "as window_gather", "scatter": "a constant that it changes is no splat any more",
    "composite": "inlined, then its ops fold", "scan": "its body folds", "kernel": "made when all has been folded",
    "yield": "ends a region", "print": "has no results", "check_range": "has no results",
}


def ops(definitions):
    for name in definitions["!instanceof"]["Op"]:
        op = definitions[name]
        if op["opDialect"]["def"] == "Quern_Dialect":
            yield op["opName"], op, op.get("description", "")


def constraints(description):
    """The numbers named as (C1), also those of ranges such as "(C1) to (C3)"."""
    numbers = {int(n) for n in re.findall(r"\(C(\d+)\)", description)}
    for first, last in re.findall(r"\(C(\d+)\) to \(C(\d+)\)", description):
        numbers |= set(range(int(first), int(last) + 1))
    return sorted(numbers)


def examples(description):
    return re.findall(r"```mlir\n(.*?)```", description, flags=re.S)


def semantics(description):
    return re.split(r"Constraints:|Example:", description)[0].strip()


def refused(folder):
    """(op, constraint) of each labelled case that expects an error."""
    cases = set()
    for path in folder.glob("invalid*.mlir"):
        for case in path.read_text().split("// -----"):
            label = re.search(r"^// (\w+) \(C(\d+)\)$", case, flags=re.M)
            if label and "expected-error" in case and f"quern.{label[1]}" in case:
                cases.add((label[1], int(label[2])))
    return cases


def simplified(folder, names):
    """Ops that a tested function is named after; the longest name counts, as in floor_div_by_one."""
    found = set()
    for path in folder.glob("simplify*.mlir"):
        for function in re.findall(r"^// CHECK-LABEL: @(\w+)", path.read_text(), flags=re.M):
            fitting = [name for name in names if function.startswith(name + "_")]
            if fitting:
                found.add(max(fitting, key=len))
    return found


def folds(op):
    return op.get("hasFolder") or op.get("hasCanonicalizer")


def lacking(name, op, cases, rules):
    """What the op lacks, a sentence each."""
    description = op.get("description", "")
    if not op.get("summary"):
        yield f"{name} has no summary"
    if not semantics(description):
        yield f"{name} does not say what it does"
    if not examples(description):
        yield f"{name} has no example"
    numbers = constraints(description)
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"{name} numbers its constraints {numbers}"
    for number in numbers:
        if (name, number) not in cases:
            yield f"{name} has no test of what breaks (C{number})"
    if folds(op) and name not in rules:
        yield f"{name} folds, but no test shows it"
    if bool(folds(op)) == (name in UNFOLDED):
        yield f"{name} has {'a folder and a reason to have none' if folds(op) else 'no folder, nor a reason'}"


def check(definitions, folder):
    names = {name for name, _, _ in ops(definitions)}
    cases, rules = refused(folder), simplified(folder, names)
    missing = [line for name, op, _ in ops(definitions) for line in lacking(name, op, cases, rules)]
    for line in missing:
        print(line)
    print(f"{len(names)} ops, {len(cases)} constraints, {len(missing)} missing")
    return bool(missing)


def broken(name, op, cases, rules):
    """(the sentence, the op, the cases, the rules) where one thing is gone."""
    def without(**fields):
        changed = copy.copy(op)
        changed.update(fields)
        return changed
    description = op["description"]
    yield f"{name} has no summary", without(summary=""), cases, rules
    silent = description.replace(semantics(description), "", 1)
    yield f"{name} does not say what it does", without(description=silent), cases, rules
    yield f"{name} has no example", without(description=description.replace("```mlir", "```")), cases, rules
    numbers = constraints(description)
    if numbers:
        further = without(description=description + f" (C{len(numbers) + 2})")
        yield f"{name} numbers its constraints {numbers + [len(numbers) + 2]}", further, cases, rules
    for number in numbers:
        yield f"{name} has no test of what breaks (C{number})", op, cases - {(name, number)}, rules
    if folds(op):
        yield f"{name} folds, but no test shows it", op, cases, rules - {name}
        yield f"{name} has no folder, nor a reason", without(hasFolder=0, hasCanonicalizer=0), cases, rules
    else:
        yield f"{name} has a folder and a reason to have none", without(hasFolder=1), cases, rules | {name}


def teeth(definitions, folder):
    names = {name for name, _, _ in ops(definitions)}
    cases, rules = refused(folder), simplified(folder, names)
    tried, unseen = 0, []
    for name, op, _ in ops(definitions):
        for sentence, *changed in broken(name, op, cases, rules):
            tried += 1
            if sentence not in lacking(name, *changed):
                unseen.append(sentence)
    for sentence in unseen:
        print(f"not noticed: {sentence}")
    print(f"{tried} omissions, {len(unseen)} not noticed")
    return bool(unseen)


def violations(lines):
    """{(op, constraint): programs and reasons} of constraints.txt."""
    found = {}
    for line in lines:
        head, colon, told = line.partition(": ")
        if line.startswith("#") or not colon:
            continue
        numbers = [int(word) for word in head.split() if word.isdigit()]
        for name in (word for word in head.split() if not word.isdigit()):
            for number in numbers:
                found.setdefault((name, number), []).append(told.strip())
    return found


# What no message to the writer of a program contains.
INTERNAL = re.compile(r"quern\.|!quern|\(C\d\)|\bi1\b|\bui8\b|\bop\b|'builtin|failed to|attribute|SSA|dialect|verif")


def unbroken(constraints_of_ops, told, texts):
    """What the list of violations lacks or has too much; `texts` are the expected messages by program."""
    for name, number in sorted(constraints_of_ops - told.keys()):
        yield f"{name} (C{number}): nothing says what breaks it"
    for name, number in sorted(told.keys() - constraints_of_ops):
        yield f"{name} (C{number}): there is no such constraint"
    for (name, number), entries in sorted(told.items()):
        for program in re.findall(r"\b\w+\.qn\b", " ".join(entries)):
            if "error: " not in texts.get(program, ""):
                yield f"{name} (C{number}): {program} is no wrong program"
    for program, text in sorted(texts.items()):
        for line in text.splitlines():
            if "error: " in line and INTERNAL.search(line):
                yield f"{program}: {line}"


def check_violations(definitions, folder):
    numbered = {(name, number) for name, _, description in ops(definitions) for number in constraints(description)}
    told = violations((folder / "constraints.txt").read_text().splitlines())
    texts = {path.stem + ".qn": path.read_text() for path in folder.glob("*.expected")}
    missing = list(unbroken(numbered, told, texts))
    for line in missing:
        print(line)
    # Each constraint, each program and each message can be missed.
    for key in numbered:
        rest = {other: entries for other, entries in told.items() if other != key}
        assert any(line.startswith(f"{key[0]} (C{key[1]}): nothing") for line in unbroken(numbered, rest, texts)), key
    programs = {program for entries in told.values() for program in re.findall(r"\b\w+\.qn\b", " ".join(entries))}
    for program in programs:
        others = {name: text for name, text in texts.items() if name != program}
        assert any(program in line for line in unbroken(numbered, told, others)), program
    spoken = {"x.qn": "x.qn:1:1: error: 'quern.add' op requires the same type"}
    assert any(line.startswith("x.qn: ") for line in unbroken(set(), {}, spoken))
    print(f"{len(numbered)} constraints, {len(programs)} programs, {len(missing)} missing")
    return bool(missing)


def as_function(name, text):
    """An example uses values that it does not define: they become arguments, typed by the op's own text."""
    line = text.strip().splitlines()[0]
    _, _, types = line.partition(" : ") if "(" not in line.split(" : ")[0] or " : " in line else ("", "", "")
    types = types or line.rpartition("->")[2]
    listed = re.findall(r"(?:!quern\.tensor)?<\[[^\]]*\], \w+>", types.split("->")[0])
    operands = [v for v in re.findall(r"%\w+", line.split("->")[0]) if v != "%r"]
    if len(listed) < len(operands):
        listed = listed[:1] * len(operands)
    typed = dict(zip(operands, (t if t.startswith("!") else "!quern.tensor" + t for t in listed)))
    arguments = ", ".join(f"{value}: {type}" for value, type in typed.items())
    return f"func.func @{name}({arguments}) {{\n{text}\n  return\n}}"


def main():
    definitions = json.loads(pathlib.Path(sys.argv[2]).read_text())
    if sys.argv[1] != "examples":
        return {"check": check, "teeth": teeth, "violations": check_violations}[sys.argv[1]](definitions, pathlib.Path(sys.argv[3]))
    for name, _, description in ops(definitions):
        for number, text in enumerate(examples(description)):
            print(as_function(f"{name}_{number}", text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
