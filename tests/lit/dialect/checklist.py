"""What every op of the dialect must have, from its definition (llvm-tblgen's JSON) and the tests beside this file.
checklist.py check OPS.json FOLDER: a summary, an example, a case in invalid*.mlir for each numbered constraint and,
where it folds or canonicalises, a function in simplify*.mlir. checklist.py examples OPS.json: every
example as a function."""
import json
import pathlib
import re
import sys


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


def check(definitions, folder):
    names = {name for name, _, _ in ops(definitions)}
    cases, rules = refused(folder), simplified(folder, names)
    missing = []
    for name, op, description in ops(definitions):
        if not op.get("summary"):
            missing.append(f"{name} has no summary")
        if not examples(description):
            missing.append(f"{name} has no example")
        for number in constraints(description):
            if (name, number) not in cases:
                missing.append(f"{name} has no test of what breaks (C{number})")
        if (op.get("hasFolder") or op.get("hasCanonicalizer")) and name not in rules:
            missing.append(f"{name} folds, but no test shows it")
    for line in missing:
        print(line)
    print(f"{len(names)} ops, {len(cases)} constraints, {len(missing)} missing")
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
    if sys.argv[1] == "check":
        return check(definitions, pathlib.Path(sys.argv[3]))
    for name, _, description in ops(definitions):
        for number, text in enumerate(examples(description)):
            print(as_function(f"{name}_{number}", text))
    return 0


sys.exit(main())
