// The page's style sheet. Colours are variables with a light and a dark value; print takes the light ones.
// Okabe-Ito: 0 blue, 1 vermillion, 2 green, 3 purple, 4 orange, 5 sky, 6 grey, 7 yellow.
#include "evaluation/harness/report.h"

namespace reprise::evaluation {

std::string report_style() {
  return R"css(
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--muted:#5c6570;--rule:#dfe3e8;--panel:#f6f8fa;--tint:#e8f1f8;
--k0:#0072b2;--k1:#d55e00;--k2:#009e73;--k3:#cc79a7;--k4:#e69f00;--k5:#56b4e9;--k6:#737b85;--k7:#b8a800;
--good:#0072b2;--bad:#d55e00;--open:#737b85}
@media screen and (prefers-color-scheme:dark){:root{--bg:#14171b;--fg:#e4e8ec;--muted:#98a2ad;--rule:#30363d;--panel:#1c2127;--tint:#1d2c3a;
--k0:#4aa8e0;--k1:#f08040;--k2:#2dc79c;--k3:#e29ac2;--k4:#f0b73a;--k5:#7fc9f5;--k6:#9aa4af;--k7:#e8dc4a;
--good:#4aa8e0;--bad:#f08040;--open:#9aa4af}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:28px;line-height:1.2;margin:0 0 6px}h2{font-size:19px;margin:40px 0 12px;padding-bottom:5px;border-bottom:1px solid var(--rule)}
h3{font-size:15px;margin:20px 0 6px}p{margin:6px 0}.question{font-size:17px;color:var(--muted);max-width:820px}
.meta,.note,figcaption{color:var(--muted);font-size:13px}.meta{margin-top:10px}
code,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12.5px}
pre{background:var(--panel);border:1px solid var(--rule);border-radius:6px;padding:10px 12px;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere;margin:6px 0}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(330px,1fr));gap:14px}
.card{border:1px solid var(--rule);border-left:5px solid var(--open);border-radius:6px;padding:12px 14px;background:var(--panel);break-inside:avoid}
.card.reproduced{border-left-color:var(--good)}.card.not_reproduced{border-left-color:var(--bad)}
.card h3{margin:0 0 2px;display:flex;justify-content:space-between;gap:10px;align-items:baseline}
.verdict{font-size:12.5px;font-weight:600;white-space:nowrap;color:var(--open)}.reproduced>h3 .verdict,.verdict.reproduced{color:var(--good)}.not_reproduced>h3 .verdict,.verdict.not_reproduced{color:var(--bad)}
.says{min-height:44px}.figure{font-size:14px}.figure b{font-size:19px}.card details{font-size:12.5px;color:var(--muted)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13.5px}th,td{padding:5px 9px;text-align:right;border-bottom:1px solid var(--rule);vertical-align:top}
th{font-weight:600;color:var(--muted);font-size:12.5px;white-space:nowrap;vertical-align:bottom}td.text,th.text{text-align:left}td small{color:var(--muted);white-space:nowrap;display:block;font-size:11.5px}
td.wide{text-align:left;min-width:260px}tr.quiet td{color:var(--muted)}
.row{display:flex;flex-wrap:wrap;gap:10px 14px}figure{margin:0;break-inside:avoid}
svg.plot{display:block;max-width:100%;height:auto;font-family:inherit}.plot text{fill:var(--fg)}.plot .tick{font-size:10.5px;fill:var(--muted)}.plot .title{font-size:12.5px;font-weight:600}
.plot .grid{stroke:var(--rule);stroke-width:.7}.plot .axis{stroke:var(--muted);stroke-width:1}
.line{fill:none;stroke-width:2;stroke-linejoin:round}.line.thin{stroke-width:1;opacity:.35}.bar{stroke-width:1.8}
.c0{stroke:var(--k0)}.c1{stroke:var(--k1)}.c2{stroke:var(--k2)}.c3{stroke:var(--k3)}.c4{stroke:var(--k4)}.c5{stroke:var(--k5)}.c6{stroke:var(--k6)}.c7{stroke:var(--k7)}
.line.c1{stroke-dasharray:7 2}.line.c2{stroke-dasharray:2 2}.line.c3{stroke-dasharray:7 2 2 2}.line.c5{stroke-dasharray:4 3}.line.thin{stroke-dasharray:none}
.f0{fill:var(--k0)}.f1{fill:var(--k1)}.f2{fill:var(--k2)}.f3{fill:var(--k3)}.f4{fill:var(--k4)}.f5{fill:var(--k5)}.f6{fill:var(--k6)}.f7{fill:var(--k7)}
.k0{background:var(--k0)}.k1{background:var(--k1)}.k2{background:var(--k2)}.k3{background:var(--k3)}.k4{background:var(--k4)}.k5{background:var(--k5)}.k6{background:var(--k6)}.k7{background:var(--k7)}
.legend{font-size:12px;color:var(--muted);display:flex;flex-wrap:wrap;gap:3px 12px;padding-left:46px}.key{display:inline-block;width:14px;height:3px;border-radius:2px;margin-right:5px;vertical-align:middle}
.side{fill:var(--tint)}.threshold{stroke:var(--fg);stroke-width:1.2;stroke-dasharray:3 3}.seed{stroke:var(--muted);stroke-width:1.5}
.interval{stroke:var(--open);stroke-width:3}.interval.reproduced{stroke:var(--good)}.interval.not_reproduced{stroke:var(--bad)}.estimate{fill:var(--open)}.estimate.reproduced{fill:var(--good)}.estimate.not_reproduced{fill:var(--bad)}
.samples{display:grid;grid-template-columns:repeat(auto-fill,minmax(310px,1fr));gap:10px}.sample{border:1px solid var(--rule);border-radius:6px;padding:8px 10px;break-inside:avoid}
.sample header{display:flex;justify-content:space-between;font-size:12.5px;gap:8px}.sample pre{border:0;background:none;padding:4px 0 0;margin:0;max-height:340px}.tag{color:var(--k3);font-weight:600}.cut{color:var(--muted);font-style:italic}
details>summary{cursor:pointer;color:var(--muted);margin:4px 0}dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;font-size:13px;margin:6px 0}dt{color:var(--muted)}dd{margin:0;overflow-wrap:anywhere}
tr.group th{color:var(--fg);font-size:13.5px;padding-top:14px;white-space:normal}td.text{overflow-wrap:anywhere;min-width:8.5em}
.scroll svg.plot{min-width:640px}.browser{margin:8px 0}.browser>input{margin:0 4px 0 12px}.browser label{font-size:13px;color:var(--muted)}
.browser .problem{border:1px solid var(--rule);border-radius:6px;padding:4px 10px;margin:5px 0}.browser .problem>summary{color:var(--fg);display:flex;gap:10px;justify-content:space-between;font-size:13.5px}
.browser summary .mono{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12px;letter-spacing:1px;overflow-wrap:anywhere;text-align:right}
.browser .all:checked~.problem{display:block}.browser .some:checked~.problem:not(.some){display:none}.browser .none:checked~.problem:not(.none){display:none}.browser .every:checked~.problem:not(.every){display:none}
.browser .odd:checked~.problem:not(.odd){display:none}
@media print{main{max-width:none;padding:0}.sample pre,pre{max-height:none;overflow:visible}h2{break-after:avoid}body{font-size:11pt}}
@media(max-width:600px){main{padding:18px 12px}dl{grid-template-columns:1fr}dd{margin:0 0 4px}.browser .problem>summary{flex-wrap:wrap}}
)css";
}

}  // namespace reprise::evaluation
