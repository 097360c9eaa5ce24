"""What comes out of marking: gradebook, verdicts, Gradescope's format, feedback, a class page.

Every writer takes the list of results and writes bytes that depend on nothing else: no clock, no
host, no order of marking. Names and remarks come from learners: they are escaped for where they go.
"""

import csv
import html
import io
import json
import re
from collections import Counter
from pathlib import Path
from statistics import mean, median


def number(value):
    """Points without needless zeros: 4, 2.5, 1.33."""
    return f"{round(value, 2):g}"


def cell(text):
    """Text for a spreadsheet: one that would be read as a formula is made plain text."""
    text = re.sub(r"[\x00-\x08\x0b-\x1f]+", " ", str(text)).replace("\n", " ")
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t") else text


def columns(results):
    """Function names in the order of the exercises, with what each is worth."""
    out = {}
    for result in results:
        for name, entry in result["functions"].items():
            out.setdefault(name, entry["out_of"])
    return out


def remarks(result):
    """The remarks of a row in one line; the reason comes first."""
    parts = [result["reason"]] if result["reason"] else []
    return "; ".join(dict.fromkeys(parts + result["remarks"]))


# --- files for machines ---------------------------------------------------------------------------


def write_csv(path, results):
    """A gradebook: a row a learner, points a function, total, remarks."""
    names = columns(results)
    stream = io.StringIO()
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(["name", "total", "out_of", *names, "remarks"])
    for result in results:
        points = [
            number(result["functions"][name]["points"]) if name in result["functions"] else ""
            for name in names
        ]
        total = "" if result["reason"] else number(result["total"])
        out_of = number(result["out_of"] or sum(names.values()))
        rows.writerow([cell(result["name"]), total, out_of, *points, cell(remarks(result))])
    Path(path).write_text(stream.getvalue(), encoding="utf-8")


def write_jsonl(path, results, head):
    """Full verdicts: a line with the seed and the version, then a line a learner."""
    lines = [json.dumps({"head": head}, ensure_ascii=False)]
    lines += [json.dumps(result, ensure_ascii=False) for result in results]
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def gradescope(result):
    """One result in the form that Gradescope reads from results.json."""
    tests = [
        {
            "name": name,
            "score": round(entry["points"], 4),
            "max_score": round(entry["out_of"], 4),
            "output": "\n".join(entry["feedback"]),
            "output_format": "text",
            "visibility": "visible",
        }
        for name, entry in result["functions"].items()
    ]
    output = remarks(result) or "All notebooks were read."
    return {"score": round(result["total"], 4), "output": output, "tests": tests}


def write_gradescope(path, results):
    """results.json for one submission; a folder of NAME.json for several."""
    path = Path(path)
    if len(results) == 1 and path.suffix == ".json":
        path.write_text(_json(gradescope(results[0])), encoding="utf-8")
        return
    path.mkdir(parents=True, exist_ok=True)
    for result, name in zip(results, file_names(results), strict=True):
        (path / f"{name}.json").write_text(_json(gradescope(result)), encoding="utf-8")


def _json(value):
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def file_names(results):
    """A safe, distinct file name for each result."""
    taken, out = set(), []
    for result in results:
        name = re.sub(r"[^\w.@+-]+", "_", result["name"]).strip(".")[:80] or "submission"
        base, count = name, 2
        while name.lower() in taken:
            name, count = f"{base}-{count}", count + 1
        taken.add(name.lower())
        out.append(name)
    return out


# --- pages for people -----------------------------------------------------------------------------

STYLE = """
:root { color-scheme: light dark; --ink: #1c2330; --muted: #5b6472; --line: #d5dae1;
  --good: #1f7a4d; --part: #9a6700; --none: #b3382c; --bar: #2f6fb3; --paper: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --muted: #a2abb8; --line: #3a4250;
  --good: #5cc28d; --part: #e0b050; --none: #f0887c; --bar: #6fa8e6; --paper: #14181f; } }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 46rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .3rem; }
.points { float: right; font-weight: 600; } .good { color: var(--good); }
.part { color: var(--part); } .none { color: var(--none); } .muted { color: var(--muted); }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .3rem .5rem;
  border-bottom: 1px solid var(--line); } td.n, th.n { text-align: right; }
section { border-top: 1px solid var(--line); } svg { width: 100%; height: auto; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } svg rect { fill: var(--bar); }
svg line { stroke: var(--line); } p { margin: .4rem 0; white-space: pre-line; }
"""


def page(title, body):
    """A page that needs no other file and runs no script."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def _mark(points, out_of):
    word = "good" if points >= out_of else "part" if points > 0 else "none"
    return f'<span class="points {word}">{number(points)} of {number(out_of)}</span>'


def feedback_page(result, title="Your marks"):
    """What one learner reads."""
    out = [f"<h1>{html.escape(title)}: {html.escape(result['name'])}</h1>"]
    if result["reason"]:
        out.append(f"<p>This could not be marked: {html.escape(remarks(result))}.</p>")
        out.append("<p>Check the file opens in JupyterLab, then hand it in again.</p>")
        return page(f"{title}: {result['name']}", "\n".join(out))
    full = sum(e["points"] >= e["out_of"] for e in result["functions"].values())
    out.append(
        f"<p><strong>{number(result['total'])} of {number(result['out_of'])} points.</strong> "
        f"{full} of {len(result['functions'])} functions do all that was asked.</p>"
    )
    for remark in result["remarks"]:
        out.append(f'<p class="muted">{html.escape(remark)}</p>')
    for name, entry in result["functions"].items():
        out.append(f"<section><h2>{_mark(entry['points'], entry['out_of'])}")
        out.append(f"<code>{html.escape(name)}</code></h2>")
        out += [f"<p>{html.escape(text)}</p>" for text in entry["feedback"]]
        out.append("</section>")
    return page(f"{title}: {result['name']}", "\n".join(out))


def write_feedback(folder, results):
    """A page a learner, and an index of them for the instructor."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    links = []
    for result, name in zip(results, file_names(results), strict=True):
        (folder / f"{name}.html").write_text(feedback_page(result), encoding="utf-8")
        total = "not marked" if result["reason"] else number(result["total"])
        link = f'<a href="{html.escape(name)}.html">{html.escape(result["name"])}</a>'
        links.append(f'<tr><td>{link}</td><td class="n">{total}</td></tr>')
    body = "<h1>Feedback pages</h1>\n<table>" + "\n".join(links) + "</table>"
    (folder / "index.html").write_text(page("Feedback pages", body), encoding="utf-8")


# --- the class ------------------------------------------------------------------------------------


def misconceptions(results):
    """(count, name, function) of every named mistake, the commonest first."""
    count = Counter(
        (name, function)
        for result in results
        for function, entry in result["functions"].items()
        for name in entry["misconceptions"]
    )
    return sorted((-n, name, function) for (name, function), n in count.items())


def hardest(results):
    """(mean share of points, function, how many have full marks), the hardest first."""
    out = []
    for name, out_of in columns(results).items():
        points = [r["functions"][name]["points"] for r in results if name in r["functions"]]
        full = sum(p >= out_of for p in points)
        out.append((mean(points) / out_of if out_of else 1.0, name, full, len(points)))
    return sorted(out)


def histogram(values, top, bins=10):
    """An SVG of how the totals are spread; the counts stand on the bars."""
    top = top or 1.0
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int(value / top * bins))] += 1
    tallest, width, height = max(max(counts), 1), 640, 220
    step = (width - 40) / bins
    marks = []
    for index, count in enumerate(counts):
        tall = round((height - 60) * count / tallest, 1)
        x, y = round(20 + index * step, 1), round(height - 30 - tall, 1)
        marks.append(f'<rect x="{x + 2}" y="{y}" width="{round(step - 4, 1)}" height="{tall}"/>')
        if count:
            middle = round(x + step / 2, 1)
            marks.append(f'<text x="{middle}" y="{y - 5}" text-anchor="middle">{count}</text>')
    for index in range(0, bins + 1, 2):
        x = round(20 + index * step, 1)
        label = number(top * index / bins)
        marks.append(f'<text x="{x}" y="{height - 12}" text-anchor="middle">{label}</text>')
    base = f'<line x1="20" x2="{width - 20}" y1="{height - 30}" y2="{height - 30}"/>'
    words = f"Totals of {len(values)} submissions, from 0 to {number(top)} points"
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{words}">'
        + base
        + "".join(marks)
        + "</svg>"
    )


def bars(rows):
    """An SVG of labelled bars: (label, share between 0 and 1, text at the end)."""
    height = 26 * len(rows) + 8
    marks = []
    for index, (label, share, text) in enumerate(rows):
        y = 6 + 26 * index
        wide = round(max(share, 0.002) * 250, 1)
        marks.append(f'<text x="0" y="{y + 14}">{html.escape(label[:46])}</text>')
        marks.append(f'<rect x="310" y="{y + 2}" width="{wide}" height="16"/>')
        marks.append(f'<text x="{round(316 + wide, 1)}" y="{y + 14}">{html.escape(text)}</text>')
    return f'<svg viewBox="0 0 640 {height}" role="img" aria-hidden="true">{"".join(marks)}</svg>'


def write_class_report(path, results, head):
    """Distribution, hardest functions, commonest mistakes, and what could not be marked."""
    marked = [result for result in results if not result["reason"]]
    lost = [result for result in results if result["reason"]]
    out = ["<h1>Class report</h1>"]
    out.append(
        f'<p class="muted">{len(marked)} marked, {len(lost)} not; seed {head["seed"]}, '
        f"exercises {html.escape(str(head['version']))}.</p>"
    )
    if marked:
        totals, top = [result["total"] for result in marked], marked[0]["out_of"]
        out.append("<h2>Distribution of the totals</h2>")
        out.append(
            f"<p>Median {number(median(totals))}, mean {number(mean(totals))}, "
            f"lowest {number(min(totals))}, highest {number(max(totals))} "
            f"of {number(top)} points.</p>"
        )
        out.append(histogram(totals, top))
        out.append("<h2>The hardest functions</h2>")
        rows = hardest(marked)
        out.append(bars([(n, s, f"{100 * s:.0f} %") for s, n, _, _ in rows[:10]]))
        out.append(
            '<table><tr><th>function</th><th class="n">mean</th><th class="n">full</th></tr>'
        )
        out += [
            f'<tr><td><code>{html.escape(name)}</code></td><td class="n">{100 * share:.0f} %</td>'
            f'<td class="n">{full} of {count}</td></tr>'
            for share, name, full, count in rows
        ]
        out.append("</table>")
        out.append("<h2>The commonest mistakes</h2>")
        named = misconceptions(marked)
        if named:
            most = -named[0][0]
            out.append(bars([(name, -n / most, f"{-n}") for n, name, _ in named[:10]]))
            out.append('<table><tr><th>mistake</th><th>in</th><th class="n">count</th></tr>')
            out += [
                f"<tr><td>{html.escape(name)}</td><td><code>{html.escape(function)}</code></td>"
                f'<td class="n">{-n}</td></tr>'
                for n, name, function in named
            ]
            out.append("</table>")
        else:
            out.append("<p>No named mistake was found.</p>")
    if lost:
        out.append("<h2>Not marked</h2><table><tr><th>name</th><th>reason</th></tr>")
        out += [
            f"<tr><td>{html.escape(result['name'])}</td>"
            f"<td>{html.escape(remarks(result))}</td></tr>"
            for result in lost
        ]
        out.append("</table>")
    Path(path).write_text(page("Class report", "\n".join(out)), encoding="utf-8")
