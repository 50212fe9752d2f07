// Draws bar charts as one SVG: for each row and server, the cost in multiples of the floor, on a logarithmic scale
// that begins at the floor. The thin line is from the smallest to the largest round.
const WIDTH = 960;
const BARS_FROM = 390;
const BARS_TO = 820;
const BAR = 15;
const GAP = 6;

const STYLE = `
  svg { font: 11px system-ui, sans-serif; }
  .page { fill: #ffffff; } text { fill: #1f2328; } .title { font-size: 15px; font-weight: 600; }
  .row { font-weight: 600; } .own { fill: #0969da; } .other { fill: #8c959f; }
  .grid { stroke: #d8dee4; } .floor, .range { stroke: #1f2328; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; } text { fill: #e6edf3; } .own { fill: #58a6ff; } .other { fill: #6e7681; }
    .grid { stroke: #30363d; } .floor, .range { stroke: #e6edf3; }
  }
`;

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function textAt(x, y, words, style = '', anchor = 'start') {
  return `<text x="${x}" y="${y}" class="${style}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

function lineAt(x1, y1, x2, y2, style) {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" class="${style}"/>`;
}

// Where a ratio is from left to right. The marks are powers of two, at most nine of them.
function scaleOf(rows) {
  const powers = rows.flatMap(({ bars }) => bars.flatMap(({ toFloor }) => [toFloor.minimum, toFloor.maximum]));
  const low = Math.min(0, Math.floor(Math.log2(Math.min(...powers))));
  const high = Math.max(1, Math.ceil(Math.log2(Math.max(...powers))));
  const step = Math.ceil((high - low) / 8);
  const at = (ratio) => Math.round(BARS_FROM + ((Math.log2(ratio) - low) / (high - low)) * (BARS_TO - BARS_FROM));
  const marks = [];
  for (let power = Math.ceil(low / step) * step; power <= high; power += step) marks.push(2 ** power);
  return { at, marks };
}

// One server's bar, from the floor to its ratio.
function drawBar({ title, toFloor, value }, at, y) {
  const [from, to] = [at(1), at(toFloor.median)];
  const middle = y + BAR / 2 - 1;
  const style = title.startsWith('ipdaemon') ? 'own' : 'other';
  return [
    textAt(BARS_FROM - 8, y + 10, title, '', 'end'),
    `<rect x="${Math.min(from, to)}" y="${y}" width="${Math.abs(to - from)}" height="${BAR - 3}" class="${style}"/>`,
    lineAt(at(toFloor.minimum), middle, at(toFloor.maximum), middle, 'range'),
    textAt(BARS_TO + 10, y + 10, `${toFloor.median.toFixed(2)} (${value})`),
  ];
}

function drawChart({ title, rows }, top) {
  const { at, marks } = scaleOf(rows);
  const parts = [textAt(16, top + 14, title, 'title')];
  let y = top + 28;
  for (const { name, bars } of rows) {
    parts.push(textAt(16, y + 10, name, 'row'));
    for (const bar of bars) {
      parts.push(...drawBar(bar, at, y));
      y += BAR;
    }
    y += GAP;
  }
  const grid = marks.map((ratio) => lineAt(at(ratio), top + 24, at(ratio), y, ratio === 1 ? 'floor' : 'grid'));
  const labels = marks.map((ratio) => textAt(at(ratio), y + 12, `${ratio}`, '', 'middle'));
  return { drawn: [...grid, ...parts, ...labels], bottom: y + 12 + 4 * GAP };
}

function drawCharts(charts) {
  const drawn = [];
  let y = 16;
  for (const chart of charts) {
    const { drawn: parts, bottom } = drawChart(chart, y);
    drawn.push(...parts);
    y = bottom;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}">`,
    `<title>Cost of the servers, in multiples of the floor</title><style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${y}" class="page"/>`,
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

module.exports = { drawCharts };
