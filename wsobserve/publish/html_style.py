"""The style sheet of the HTML page: light and dark, one column on a phone, the contents beside the text on a wide screen."""

STYLE = """
:root {
  --ground: #ffffff; --raised: #f6f7f9; --line: #dfe3e8; --text: #1c2430; --quiet: #5b6675; --link: #0b57a4;
  --mark: #eef3fa; --warning: #8a4b00; --warning-ground: #fff1de;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181f; --raised: #1b212b; --line: #2e3744; --text: #e4e8ee; --quiet: #9aa6b5; --link: #7db8ff;
    --mark: #1d2a3a; --warning: #ffc680; --warning-ground: #3a2a14;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 86rem; padding: 0 1.25rem 4rem; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
a { color: var(--link); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
code, pre { font: 0.875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { overflow-wrap: anywhere; }
header { padding: 2rem 0 1rem; border-bottom: 1px solid var(--line); }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 2.5rem 0 0.25rem; font-size: 1.35rem; overflow-wrap: anywhere; }
h2 code { font-size: 0.8em; color: var(--quiet); font-weight: normal; }
h3 { display: flex; flex-wrap: wrap; gap: 0.35rem 0.6rem; align-items: baseline; margin: 0; font-size: 1.05rem; }
h3 a.self { color: inherit; overflow-wrap: anywhere; }
p { margin: 0.4rem 0; max-width: 72ch; }
.note { color: var(--quiet); font-size: 0.875rem; max-width: none; }
article {
  margin: 1rem 0; padding: 1rem 1.1rem; border: 1px solid var(--line); border-radius: 0.6rem; background: var(--raised);
}
article:target { border-color: var(--link); box-shadow: 0 0 0 1px var(--link); }
.badge {
  padding: 0.05rem 0.5rem; border-radius: 1rem; background: var(--mark); color: var(--quiet); font-size: 0.78rem;
  font-weight: normal; white-space: nowrap;
}
.badge.warning { background: var(--warning-ground); color: var(--warning); }
.table { margin: 0.75rem 0 0.25rem; overflow-x: auto; }
table { width: 100%; table-layout: fixed; border-collapse: collapse; font-size: 0.9rem; }
th {
  padding: 0.3rem 0.75rem 0.3rem 0; color: var(--quiet); font-weight: 600; font-size: 0.78rem; text-align: left;
  border-bottom: 1px solid var(--line);
}
th:last-child, td.number { padding-right: 0; text-align: right; font-variant-numeric: tabular-nums; }
td { padding: 0.35rem 0.75rem 0.35rem 0; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
tbody tr:last-child td { border-bottom: 0; }
th:nth-child(1) { width: 30%; }
th:nth-child(2) { width: 22%; }
th:nth-child(3) { width: 12%; }
th:nth-child(5) { width: 9%; }
td.field { padding-left: calc(var(--depth, 0) * 0.9rem); }
.always, tr.form td { color: var(--quiet); }
tr.form td:last-child { font-style: italic; }
.facts { color: var(--quiet); }
details summary { cursor: pointer; color: var(--quiet); font-size: 0.85rem; }
article details { margin-top: 0.5rem; }
pre {
  margin: 0.5rem 0 0; padding: 0.75rem; max-height: 28rem; overflow: auto; background: var(--ground); border-radius: 0.4rem;
}
nav { margin: 1.25rem 0 0; font-size: 0.9rem; }
nav ul { margin: 0; padding: 0; list-style: none; }
nav ul ul { margin: 0 0 0.75rem; padding-left: 0.25rem; }
nav a { display: block; padding: 0.12rem 0.25rem; overflow-wrap: anywhere; }
nav a.channel { margin-top: 0.4rem; color: var(--text); font-weight: 600; }
.arrow { display: inline-block; width: 1.2em; color: var(--quiet); }
@media (min-width: 62rem) {
  .page { display: grid; grid-template-columns: 16rem minmax(0, 1fr); gap: 2.5rem; align-items: start; }
  nav { position: sticky; top: 0; max-height: 100vh; overflow-y: auto; padding-bottom: 2rem; }
  nav summary { display: none; }
}
@media (max-width: 62rem) { nav details > ul { columns: 14rem; } nav details > ul > li { break-inside: avoid; } }
@media (max-width: 40rem) {
  nav details > ul { columns: 9rem; }
  body { padding: 0 0.9rem 3rem; }
  article { padding: 0.8rem; }
  thead { position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden; }
  table, tbody, tr, td { display: block; width: auto; }
  tr { padding: 0.5rem 0; padding-left: calc(var(--depth, 0) * 0.75rem); border-bottom: 1px solid var(--line); }
  tbody tr:last-child { border-bottom: 0; }
  td, td.field, td.number { width: auto; padding: 0.05rem 0; border: 0; text-align: left; }
  td.field { padding-left: calc(var(--depth, 0) * 0.75rem); font-weight: 600; }
  td[data-column] { display: flex; gap: 0.6rem; }
  td[data-column]::before { content: attr(data-column); flex: 0 0 4.2rem; color: var(--quiet); font-size: 0.8rem; }
  td[data-column="About"]:empty, td[data-column="Present"]:empty, td[data-column="Seen"]:empty { display: none; }
}
@media print { nav, article details { display: none; } article { break-inside: avoid; background: none; } }
"""
