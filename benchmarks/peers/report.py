# SPDX-License-Identifier: Apache-2.0
"""Results as text, as Markdown and as plots."""

import os
import subprocess

from .contender import spread


def rows(results, contenders, cases, axis, value=lambda rate: rate):
    """One row a case and contender: {"contender", "case": {axis: n}, "median", "min", "max", "runs"}, and the CPUs used."""
    found = []
    for case in cases:
        for contender in contenders:
            samples = results.get((contender.name, case))
            if samples is None:
                continue
            row = {"contender": contender.name, "case": {axis: case[0]}, **spread([value(s["rate"]) for s in samples])}
            if "cpus" in samples[0]:
                row["cpus"] = spread([s["cpus"] for s in samples])["median"]
            found.append(row)
    return found


def line(row):
    (axis, number), = row["case"].items()
    cpus = f"{row['cpus']:5.2f} CPUs" if "cpus" in row else ""
    return f"{row['median']:10.4g} ({row['min']:.4g} to {row['max']:.4g})", f"{axis} {number}", row["contender"], cpus


def text(table):
    lines = ["", f"{table['title']} [{table['unit']}]"]
    for row in table["rows"]:
        figure, case, name, cpus = line(row)
        lines.append(f"{figure:32} {case:12} {name:34} {cpus}")
    return "\n".join(lines)


def draw(folder, table, machine):
    """A curve a contender over the cases."""
    curves = {}
    for row in table["rows"]:
        (axis, number), = row["case"].items()
        curves.setdefault(row["contender"], []).append((number, row["median"], row["min"], row["max"]))
    blocks = []
    for name, points in curves.items():
        blocks.append("$" + identifier(name) + " << EOD\n" + "\n".join(" ".join(map(str, p)) for p in points) + "\nEOD\n")
    lines = ", ".join(f"${identifier(name)} using 1:2:3:4 with yerrorlines linewidth 2 title '{name}'" for name in curves)
    label = "load, % of the highest loss-free rate" if axis == "load" else axis
    numbers = sorted({point[0] for points in curves.values() for point in points})
    ticks = ", ".join(f"'{number}' {number}" for number in numbers)
    script = f"""
set terminal svg size 760,440 dynamic enhanced font 'sans,13' background 'white'
set output '{os.path.join(folder, table["plot"])}.svg'
set title "{table['title']}\\n{{/*0.75 {machine}, {table['date']}}}" noenhanced
set title enhanced
set xlabel '{label}'
set ylabel '{table["unit"]}'
set logscale xy
set xtics ({ticks})
set xrange [{numbers[0] * 0.85}:{numbers[-1] * 1.18}]
set grid ytics
set key outside below noenhanced
plot {lines}
"""
    subprocess.run(["gnuplot"], input="".join(blocks) + script, text=True, check=True)


def identifier(name):
    return "".join(c if c.isalnum() else "_" for c in name)


def write(folder, document):
    machine = "{cpus} x {cpu}, Linux {kernel}".format(**document["machine"])
    lines = ["<!-- Made by benchmarks/compare. SPDX-License-Identifier: Apache-2.0 -->", "# flash-orch and its peers", ""]
    lines += [f"{machine}; contenders in turn; medians, lowest and highest.", ""]
    for missing in document["missing"]:
        lines += [f"Missing, {missing['question']}: {missing['contender']}: {missing['reason']}", ""]
    for table in document["tables"]:
        lines += [f"## {table['title']}", ""]
        if table["plot"]:
            draw(folder, table, machine)
            lines += [f"![{table['title']}]({table['plot']}.svg)", ""]
        lines += [f"| case | contender | {table['unit']} | spread | CPUs used |", "|---|---|---|---|---|"]
        for row in table["rows"]:
            (axis, number), = row["case"].items()
            cpus = f"{row['cpus']:.2f}" if "cpus" in row else ""
            lines.append(f"| {axis} {number} | {row['contender']} | {row['median']:.4g} | {row['min']:.4g} to {row['max']:.4g} | {cpus} |")
        lines += ["", f"{table['date']}, {table['runs']} runs of {table['seconds']} s. {table['note']}", ""]
    with open(os.path.join(folder, "compare.md"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
