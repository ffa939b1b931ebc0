"""Pictures: what `quern plot` and `train --plot` draw, that it is well-formed, inside its page and legible, and errors."""
import os
import re
import struct
import subprocess
import xml.dom.minidom

from case import QUERN, case, example, expect, held_to_permissions, program, run, snapshot, write

NET = """net = Sequential(Linear(1, 3), Sigmoid(), Linear(3, 1))

@train(SGD(lr=0.1))
def loss(x: f32[B, 1], y: f32[B, 1]) -> f32:
    return mse_loss(net(x), y)

@export
def predict(x: f32[B, 1]) -> f32[B, 1]:
    return net(x)

@export
def features(x: f32[B, 1]) -> f32[B, 3]:
    return sigmoid(net[0](x))

def contributions(x: f32[B, 1]) -> f32[B, 3]:
    return features(x) * net[2].weight[0]

@export
def fit(x: f32[B, 1]) -> f32[B, 1]:
    return net(x)
"""
FUNCTIONS = """def line(x: f32[B]) -> f32[B]:
    return 2 * x + 1

def parabola(x: f64) -> f64:
    return x * x

def both(x: f32[B, 1]) -> (up: f32[B, 1], down: f32[B, 1]):
    return x, -x

def saddle(x: f32[B], y: f32[B]) -> f32[B]:
    return x * y

def quadrant(p: f32[B, 2]) -> i64[B]:
    return (p[:, 0] > 0).to(i64) + 2 * (p[:, 1] > 0).to(i64)

def broken(x: f32[B]) -> f32[B]:
    return log(x)

def many(x: f32[B, 1]) -> f32[B, 20]:
    return x * arange(20)

def wide(x: f32[B, 3]) -> f32[B, 3]:
    return x

def cube(x: f32[B, 1]) -> f32[B, 1, 1]:
    return x.reshape(B, 1, 1)

def total(x: f32[B]) -> f32:
    return x.sum()

def counted(n: i64[B]) -> i64[B]:
    return n

def nothing() -> f32:
    return 1.
"""


class Picture:
    """An SVG file: panels with titles, lines, points and texts, each checked to lie on its page."""

    def __init__(self, source):
        document = xml.dom.minidom.parseString(source) if source.startswith("<") else xml.dom.minidom.parse(source)
        self.root = document.documentElement
        self.panels = [g for g in document.getElementsByTagName("g") if g.getAttribute("class") == "panel"]
        self.width, self.height = (float(self.root.getAttribute(name)) for name in ("width", "height"))
        for text in document.getElementsByTagName("text"):
            x, y = float(text.getAttribute("x")), float(text.getAttribute("y"))
            expect(text.parentNode.hasAttribute("transform") or (0 <= x <= self.width and 0 < y <= self.height),
                   f"'{text.firstChild.data}' lies at {x} {y}, outside the page")
        for path in document.getElementsByTagName("path"):
            expect(not re.search("nan|inf", path.getAttribute("d")), "a path holds what is no number")

    def titles(self):
        return [panel.getElementsByTagName("text")[0].firstChild.data for panel in self.panels]

    def texts(self, panel=0):
        return [t.firstChild.data for t in self.panels[panel].getElementsByTagName("text")]

    def lines(self, panel=0):
        """The points of each curve, as places on the page."""
        found = []
        for path in self.panels[panel].getElementsByTagName("path"):
            if path.getAttribute("stroke-linejoin"):
                numbers = [float(n) for n in re.findall(r"-?[\d.]+", path.getAttribute("d"))]
                found.append(list(zip(numbers[::2], numbers[1::2])))
        return found

    def regions(self, panel=0):
        return [p for p in self.panels[panel].getElementsByTagName("path") if p.getAttribute("fill-opacity") == "0.22"]

    def bands(self, panel=0):
        return [p for p in self.panels[panel].getElementsByTagName("path")
                if re.fullmatch(r"[hd]\d+", p.getAttribute("class"))]

    def points(self, panel=0):
        """Marks of data points, by class."""
        counts = {}
        for group in self.panels[panel].getElementsByTagName("g"):
            if re.fullmatch(r"c\d", group.getAttribute("class")) and group.parentNode is self.panels[panel]:
                marks = group.getElementsByTagName("circle") + group.getElementsByTagName("path")
                counts[group.getAttribute("class")] = len(marks)
        return counts


def area(path):
    """The area that subpaths of lines enclose."""
    total = 0
    for part in path.getAttribute("d").split("Z"):
        x = y = 0
        corners = []
        for letter, first, second in re.findall(r"([MLHV])(-?[\d.]+)(?: (-?[\d.]+))?", part):
            x = float(first) if letter in "MLH" else x
            y = float(second) if letter in "ML" else float(first) if letter == "V" else y
            corners.append((x, y))
        total += abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, corners[1:] + corners[:1]))) / 2
    return total


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(left, right):
    high, low = sorted((luminance(left), luminance(right)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def plot(folder, functions, *words, name="functions.qn"):
    stdout, _ = run(QUERN, "plot", f"{name}:{functions}", *words, cwd=folder)
    return Picture(stdout)


def refused(folder, message, functions, *words, status=1, name="functions.qn"):
    before = snapshot(folder)
    stdout, stderr = run(QUERN, "plot", f"{name}:{functions}", *words, status=status, cwd=folder)
    expect(stderr.splitlines()[:1] == [f"error: {message}"], f"it says {stderr!r}")
    expect(stdout == "" and snapshot(folder) == before, "it drew something all the same")


def png_size(path):
    data = open(path, "rb").read()
    expect(data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR", "this is no PNG")
    return struct.unpack(">II", data[16:24])


@case
def activations_in_panels(folder):
    run(QUERN, "plot", example("lecture/activations.qn") + ":six", "--over", "-6:6", "-o", "six.svg", cwd=folder)
    picture = Picture(f"{folder}/six.svg")
    expect(picture.titles() == "sigmoid tanh softplus relu leaky_relu selu".split(), picture.titles())
    for panel in range(6):
        labels = picture.texts(panel)
        expect({"x", "-6", "0", "6"} <= set(labels), labels)
        curve, = picture.lines(panel)
        expect(len(curve) == 481 and curve[0][0] < curve[-1][0], f"{len(curve)} points")
        expect(curve[0][1] >= curve[-1][1], "an activation falls")
    relu, = picture.lines(3)
    expect(len({y for _, y in relu[:241]}) == 1 and relu[241][1] <= relu[240][1] < relu[239][1] + 1,
           "ReLU does not bend at 0")


@case
def curves_and_panels(folder):
    write(folder, "functions.qn", FUNCTIONS)
    picture = plot(folder, "line,parabola,both", "--over", "-1:3")
    expect(picture.titles() == ["line", "parabola", "up", "down"], picture.titles())
    expect([len(picture.lines(i)) for i in range(4)] == [1] * 4, "not a curve a panel")
    line, parabola = picture.lines(0)[0], picture.lines(1)[0]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in ((line[0], line[100]), (line[100], line[480]))]
    expect(abs(slopes[0] - slopes[1]) < 0.01, f"a line has the slopes {slopes}")
    lowest = max(parabola, key=lambda at: at[1])
    expect(abs((lowest[0] - parabola[0][0]) / (parabola[-1][0] - parabola[0][0]) - 0.25) < 0.02, "the least is not at 0")
    gap = plot(folder, "broken", "--over", "-1:1").lines()
    expect(len(gap) == 1 and len(gap[0]) == 240, "log is drawn where it has no value")
    many = plot(folder, "many", "--over", "0:1")
    expect(len(many.lines()) == 20 and "and 8 more" in many.texts(), many.texts())
    styles = {(p.getAttribute("class"), p.getAttribute("stroke-dasharray"))
              for p in many.panels[0].getElementsByTagName("path") if p.getAttribute("stroke-linejoin")}
    expect(len(styles) == 20, f"20 curves have {len(styles)} styles")


@case
def functions_of_two_numbers(folder):
    write(folder, "functions.qn", FUNCTIONS)
    heat = plot(folder, "saddle", "--over", "-2:2,0:1")
    expect(len(heat.bands()) >= 6 and not heat.regions(), f"{len(heat.bands())} bands")
    expect({"x", "y", "-2", "2", "0", "1"} <= set(heat.texts()), heat.texts())
    regions = plot(folder, "quadrant", "--over", "-1:1")
    areas = [area(path) for path in regions.regions()]
    expect(len(areas) == 4 and max(areas) < 1.03 * min(areas), f"quadrants have the areas {areas}")
    expect({"p_0", "p_1", "0", "1", "2", "3"} <= set(regions.texts()), regions.texts())
    uneven = [area(path) for path in plot(folder, "quadrant", "--over", "-1:3,-1:1").regions()]
    expect(2.9 < uneven[1] / uneven[0] < 3.1 and 2.9 < uneven[3] / uneven[2] < 3.1, f"areas {uneven}")


@case
def decision_regions_with_data(folder):
    """Two classes have a border where the probability is one half, and points of both shapes; four have regions."""
    for name, function, classes in (("circles", "probability", 2), ("blobs", "probabilities", 4)):
        run(program(f"lecture/{name}"), "train", "--data", example(f"lecture/data/{name}.csv"), "--epochs", "5",
            "--quiet", "--save", f"{name}.safetensors", "--plot", name, cwd=folder)
        drawn = {"circles": ["loss.svg", "probability.svg"], "blobs": ["label.svg", "loss.svg", "probabilities.svg"]}
        expect(sorted(os.listdir(f"{folder}/{name}")) == drawn[name], os.listdir(f"{folder}/{name}"))
        picture = Picture(f"{folder}/{name}/{function}.svg")
        expect({f"y = {c}" for c in range(classes)} <= set(picture.texts()), picture.texts())
        points = picture.points()
        expect(len(points) == classes and sum(points.values()) == 500, f"points {points}")
        expect((len(picture.regions()), bool(picture.bands())) == ((0, True) if classes == 2 else (4, False)), name)
    border = [p for p in Picture(f"{folder}/circles/probability.svg").panels[0].getElementsByTagName("path")
              if p.getAttribute("stroke-linecap")]
    expect(len(border) == 1 and len(border[0].getAttribute("d")) > 1000, "there is no border")
    # The command draws the same from the weights and the data; without data, each class has a heat map.
    words = ("--load", f"{folder}/blobs.safetensors")
    run(QUERN, "plot", example("lecture/blobs.qn") + ":probabilities", "--data", example("lecture/data/blobs.csv"),
        *words, "-o", "same.svg", cwd=folder)
    expect(snapshot(folder)["same.svg"] == snapshot(folder)["blobs/probabilities.svg"], "the command draws another one")
    four, _ = run(QUERN, "plot", example("lecture/blobs.qn") + ":probabilities", "--over", "-10:10", *words, cwd=folder)
    expect(Picture(four).titles() == [f"probabilities_{c}" for c in range(4)], Picture(four).titles())


@case
def features_of_hidden_nodes(folder):
    write(folder, "net.qn", NET)
    run(QUERN, "train", "net.qn", "--data", example("lecture/data/nonlinear.csv"), "--standardize", "x,y", "--quiet",
        "--save", "w.safetensors", "--plot", "plots", cwd=folder)
    expect(sorted(os.listdir(f"{folder}/plots")) == ["features.svg", "fit.svg", "loss.svg"], os.listdir(f"{folder}/plots"))
    features = Picture(f"{folder}/plots/features.svg")
    expect(len(features.lines()) == 3 and {"features_0", "features_1", "features_2"} <= set(features.texts()),
           features.texts())
    fit = Picture(f"{folder}/plots/fit.svg")
    expect(len(fit.lines()) == 1 and fit.points()["c0"] == 500, "fit.svg has not its curve and points")
    labels = [float(text) for text in fit.texts() if re.fullmatch(r"-?[\d.]+", text)]
    expect(max(labels) > 10, f"y is not shown as it was before scaling: {labels}")
    both = plot(folder, "features,contributions", "--over", "-3:3", "--load", "w.safetensors", name="net.qn")
    expect(both.titles() == ["features", "contributions"] and len(both.lines(1)) == 3, both.titles())
    initial = plot(folder, "features", "--over", "-3:3", name="net.qn")
    expect(initial.lines() != both.lines(0), "--load changes nothing")
    other = plot(folder, "features", "--over", "-3:3", "--seed", "1", name="net.qn")
    expect(other.lines() != initial.lines(), "--seed changes nothing")


@case
def colours_have_contrast(folder):
    write(folder, "functions.qn", FUNCTIONS)
    source, _ = run(QUERN, "plot", "functions.qn:many", "--over", "0:1", cwd=folder)
    light, dark = source[source.index("<style>") : source.index("</style>")].split("@media (prefers-color-scheme: dark)")
    cards = []
    for theme in (light, dark):
        rules = dict(re.findall(r"\.quern-chart (\.\w+)\{\w+:(#[0-9a-f]{6})\}", theme))
        card = rules[".card"]
        cards.append(card)
        expect(contrast(rules[".ink"], card) >= 7, f"text on {card}")
        expect(contrast(rules[".axis"], card) >= 3, f"axes on {card}")
        for number in range(6):
            colour = rules[f".c{number}"]
            expect(contrast(colour, card) >= 3, f"{colour} on {card}")
        for number in range(16):  # under labels, borders and points in ink
            for band in "hd":
                expect(contrast(rules[".ink"], rules[f".{band}{number}"]) >= 3, f"ink on {band}{number}")
    expect(luminance(cards[0]) > 0.9 and luminance(cards[1]) < 0.05, cards)


@case
def svg_and_png(folder):
    write(folder, "functions.qn", FUNCTIONS)
    run(QUERN, "plot", "functions.qn:line", "--over", "0:1", "-o", "line.png", cwd=folder)
    expect(os.listdir(folder) and sorted(os.listdir(folder)) == ["functions.qn", "line.png"], os.listdir(folder))
    width, height = png_size(f"{folder}/line.png")
    page = plot(folder, "line", "--over", "0:1")
    expect((width, height) == (2 * page.width, 2 * page.height), f"{width} {height}")
    done = subprocess.run([QUERN, "plot", "functions.qn:line", "--over", "0:1", "-o", "other.png"], cwd=folder,
                          env={**os.environ, "PATH": "/nowhere"}, capture_output=True, text=True)
    expect(done.stderr == "error: a .png needs rsvg-convert, from the package librsvg2-bin; a .svg needs nothing\n"
           and done.returncode == 1, done.stderr)


@case
def program_draws(folder):
    model = program("lecture/simple")
    run(model, "plot", "--entry", "predict", "--over", "-1:1", "--out", "p.svg", cwd=folder)
    expect(Picture(f"{folder}/p.svg").titles() == ["predict"], "no picture of predict")
    for status, message, *words in (
            (1, "plot needs --entry NAME,...", "--over", "0:1"),
            (1, "model simple exports no function prdict; it has predict", "--entry", "prdict", "--over", "0:1"),
            (1, "--out takes a name that ends in .svg, not 'p.png'", "--entry", "predict", "--over", "0:1", "--out", "p.png"),
            (2, "plot does not use --epochs", "--entry", "predict", "--epochs", "3")):
        _, stderr = run(model, "plot", *words, status=status, cwd=folder)
        expect(stderr.splitlines()[0] == f"error: {message}", stderr)


@case
def what_cannot_be_drawn(folder):
    write(folder, "functions.qn", FUNCTIONS)
    write(folder, "net.qn", NET)
    write(folder, "d.csv", "x,y\n1,2\n2,3\n")
    kinds = "and a picture shows functions of one or two numbers, such as f32[B, 1], f32[B, 2] or f32"
    refused(folder, f"wide cannot be drawn: it takes x: f32[B, 3], {kinds}", "wide", "--over", "0:1")
    refused(folder, f"counted cannot be drawn: it takes n: i64[B], {kinds}", "counted", "--over", "0:1")
    refused(folder, f"nothing cannot be drawn: it takes nothing, {kinds}", "nothing", "--over", "0:1")
    rows = "and a picture shows one number or one row of numbers for each point"
    refused(folder, f"cube cannot be drawn: its result is f32[B, 1, 1], {rows}", "cube", "--over", "0:1")
    refused(folder, f"total cannot be drawn: its result is f32, {rows}", "total", "--over", "0:1")
    refused(folder, "--over gives two ranges, and line takes one number", "line", "--over", "0:1,0:1")
    refused(folder, "plot needs --over FROM:TO, or --data, whose range it then draws", "line")
    refused(folder, "--data: no @train function takes what line takes, so no data belong to it", "line", "--data", "d.csv")
    refused(folder, "functions.qn has no function lime", "lime,line", "--over", "0:1")
    for text in ("6:-6", "1:1", "0", "0:", ":1", "a:b", "0:1,", "0:1,0:1,0:1", "0:inf", "nan:1", "0:1x"):
        refused(folder, f"--over takes FROM:TO with FROM below TO, or two of these with a comma, not '{text}'", "line",
                "--over", text, status=2)
    refused(folder, "-o of plot takes a name that ends in .svg or .png, not 'p.pdf'", "line", "-o", "p.pdf", status=2)
    _, stderr = run(QUERN, "plot", "net.qn:loss", "--over", "0:1", status=1, cwd=folder)
    expect("loss is no function to draw: it is trained or measured" in stderr, stderr)
    _, stderr = run(QUERN, "plot", "net.qn", "--over", "0:1", status=2, cwd=folder)
    expect(stderr == "error: plot takes FILE:FUNCTION, and 'net.qn' names no function\n", stderr)


@case
def where_nothing_can_be_written(folder):
    write(folder, "functions.qn", FUNCTIONS)
    for suffix in ("svg", "png"):
        path = f"'gone/p.{suffix}'" if suffix == "svg" else f"gone/p.{suffix}"
        refused(folder, f"cannot write {path}: No such file or directory", "line", "--over", "0:1", "-o",
                f"gone/p.{suffix}")
    os.makedirs(f"{folder}/kept")
    write(folder, "kept/p.svg", "old")
    write(folder, "kept/p.png", "old")
    os.chmod(f"{folder}/kept", 0o555)
    os.chmod(folder, 0o755)
    before = snapshot(folder)
    for suffix in ("svg", "png"):
        path = f"'kept/p.{suffix}'" if suffix == "svg" else f"kept/p.{suffix}"
        done = subprocess.run(held_to_permissions(QUERN, "plot", "functions.qn:line", "--over", "0:1", "-o", f"kept/p.{suffix}"),
                              cwd=folder, capture_output=True, text=True)
        expect(done.returncode == 1 and done.stderr == f"error: cannot write {path}: Permission denied\n",
               f"{done.returncode} {done.stderr!r}")
    expect(snapshot(folder) == before, "an earlier picture is gone")
    with open("/dev/full", "w") as full:
        done = subprocess.run([QUERN, "plot", "functions.qn:line", "--over", "0:1"], cwd=folder, stdout=full,
                              stderr=subprocess.PIPE, text=True)
    expect(done.returncode == 1 and done.stderr == "error: cannot write to the standard output\n", done.stderr)
