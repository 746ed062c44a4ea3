"""The look of a model's report: that of the report on the data set (core's base.html), dark mode,
phones and print included. One page, so the style is in it."""

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5;
  --ground: #fff; --tint: #f3f5f8; --accent: #1d5fa8; --warn: #a34700;
  --class-0: #0072b2; --class-1: #d55e00; --class-2: #009e73; --class-3: #a8568b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa6b5; --line: #323b47;
  --ground: #12161c; --tint: #1b212a; --accent: #7db4f0; --warn: #ffb27a;
  --class-0: #4ba3e3; --class-1: #f0823a; --class-2: #2fc79c; --class-3: #dd9cbf; } }
@media print { section { break-inside: avoid-page; } nav { display: none; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 66rem; padding: 1.5rem 1rem 4rem; color: var(--ink);
  background: var(--ground); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0; line-height: 1.25; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.8rem 0 .8rem; padding-bottom: .3rem;
  border-bottom: 1px solid var(--line); scroll-margin-top: .5rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .5rem; }
p { margin: .4rem 0; max-width: 44rem; }
a { color: var(--accent); text-underline-offset: .15em; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
.soft, figcaption, caption, thead th { color: var(--soft); font-size: .875rem; }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: 1rem 0; font-size: .9rem; }
.facts { display: grid; gap: .6rem; margin: 1.2rem 0;
  grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); }
.facts div { background: var(--tint); border-radius: .5rem; padding: .6rem .8rem; }
.facts b { display: block; font-size: 1.4rem; line-height: 1.3; }
.facts small { display: block; color: var(--soft); }
.facts b, .facts small, table, .plot { font-variant-numeric: tabular-nums; }
.notes { margin: 1rem 0; padding: .7rem 1rem .7rem 2rem; background: var(--tint);
  border-left: .25rem solid var(--warn); border-radius: 0 .5rem .5rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; min-width: 18rem; margin: .4rem 0 1rem; }
caption { text-align: left; padding-bottom: .3rem; }
th, td { padding: .35rem 1rem .35rem 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th:first-child { text-align: left; }
thead th { font-weight: 500; }
tbody th { font-weight: 500; white-space: normal; overflow-wrap: break-word; }
.text th, .text td { text-align: left; vertical-align: top; white-space: normal; }
.text td { overflow-wrap: anywhere; }
.metrics td { vertical-align: top; }
th small { display: block; color: var(--soft); font-weight: 400; font-size: .8125rem; }
.fired, .badge { color: var(--warn); font-weight: 600; }
.two { display: grid; gap: 1.2rem 2rem; align-items: start; margin-top: .8rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.two > * { min-width: 0; }
figure { margin: 0; }
figcaption { max-width: 31rem; padding-top: .3rem; }
.plot { display: block; width: 100%; max-width: 31rem; height: auto; }
.plot text { font-size: 11px; fill: var(--soft); }
.plot .grid { stroke: var(--line); }
.plot .soft-line { stroke: var(--soft); }
.plot .ink-line { stroke: var(--ink); stroke-dasharray: 1 3; }
.plot .bar { fill: var(--class-0); fill-opacity: .35; }
.plot circle.after { fill: var(--class-0); }
.plot circle.before { fill: none; stroke: var(--class-1); stroke-width: 1.6; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: 0; font-size: .875rem; }
.key { display: inline-flex; align-items: center; gap: .4rem; }
.matrix { min-width: 0; }
.matrix th { border-bottom: 0; padding: .35rem .6rem .35rem 0; }
.matrix thead th { text-align: center; padding: .35rem .4rem; }
.matrix td { min-width: 4rem; padding: .5rem .3rem; text-align: center; border-radius: .4rem;
  border: 2px solid var(--ground); background: color-mix(in srgb,
  var(--accent) calc(var(--share) * 55%), var(--tint)); }
.matrix b, .matrix small { display: block; }
.pictures { display: grid; gap: 1.2rem 1rem; margin-top: .8rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); }
.pictures.single { grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); }
.pair { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; gap: .3rem; }
.pair img { display: block; width: 100%; height: auto; aspect-ratio: 4 / 3; object-fit: contain;
  background: #000; border-radius: .4rem; }
.pictures figcaption { font-size: .8125rem; line-height: 1.4; overflow-wrap: anywhere; }
@media (max-width: 34rem) { .facts { grid-template-columns: 1fr 1fr; }
  th, td { padding-right: .7rem; }
  .rules thead, .metrics thead { display: none; }
  .metrics tr { display: flex; flex-wrap: wrap; }
  .rules tr { display: block; }
  .rules tr, .metrics tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
  .rules th, .rules td { display: block; border: 0; padding: .05rem 0; }
  .rules th { font-weight: 600; }
  .metrics th, .metrics td { border: 0; padding: .05rem 1rem .05rem 0; }
  .metrics th { flex: 1 0 100%; }
  .rules td + td { color: var(--soft); font-size: .875rem; }
  .rules td:nth-child(3)::before { content: "Fires when: "; }
  .rules td:nth-child(4)::before { content: "Source: "; } }
footer { margin-top: 3.5rem; padding-top: .8rem; border-top: 1px solid var(--line); }
"""
