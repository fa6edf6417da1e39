// Builds the page's parts. Text is only ever set as text, never parsed as HTML.

function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined) node.setAttribute(key, value);
  node.append(...children.filter(child => child !== null && child !== undefined).map(child => typeof child === 'string' ? visible(child) : child));
  return node;
}

function button(text, action, attributes = {}) {
  const node = el('button', { type: 'button', ...attributes }, text);
  node.addEventListener('click', action);
  return node;
}

// Prose with `code`, **strong** and *emphasis*.
function inline(text) {
  return cleanLines(text).split(/(\x60[^\x60]+\x60|\*\*[^*]+\*\*|\*[^*\s][^*]*\*)/).map(part => {
    if (/^`.+`$/.test(part)) return el('code', {}, part.slice(1, -1));
    if (/^\*\*.+\*\*$/.test(part)) return el('strong', {}, part.slice(2, -2));
    if (/^\*.+\*$/.test(part)) return el('em', {}, part.slice(1, -1));
    return part;
  });
}

// Paragraphs and lists, separated by blank lines. The heading is the title of the page already.
function prose(text) {
  const blocks = String(text).replace(/\r/g, '').split(/\n\s*\n/).filter(block => block.trim() && !/^# /.test(block));
  return blocks.map(block => {
    const lines = block.split('\n');
    if (/^#+ /.test(block)) return el('h3', {}, ...inline(block.replace(/^#+ /, '')));
    if (!/^\s*([-*]|\d+\.) /.test(lines[0])) return el('p', {}, ...inline(lines.map(line => line.trim()).join(' ')));
    const items = [];
    for (const line of lines) {
      if (/^\s*([-*]|\d+\.) /.test(line)) items.push(line.replace(/^\s*([-*]|\d+\.) /, ''));
      else items[items.length - 1] += ' ' + line.trim();
    }
    return el(/^\s*\d/.test(lines[0]) ? 'ol' : 'ul', {}, ...items.map(item => el('li', {}, ...inline(item))));
  });
}

function table(heads, rows, numeric = []) {
  const side = i => numeric.includes(i) ? { class: 'number' } : {};
  return el('table', {},
    el('thead', {}, el('tr', {}, ...heads.map((head, i) => el('th', { scope: 'col', ...side(i) }, head)))),
    el('tbody', {}, ...rows.map(row => el('tr', {}, ...row.map((cell, i) => el('td', side(i), cell))))));
}

function rowsOf(rows) {
  return el('dl', { class: 'rows' }, ...rows.flatMap(([label, value]) => label
    ? [el('dt', {}, label), el('dd', {}, value)] : [el('dd', { class: 'wide' }, value)]));
}

// Copies a text; where the clipboard is closed to the page, selects it.
function copy(text, field, done) {
  const fallback = () => {
    const range = document.createRange();
    range.selectNodeContents(field);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    done(document.execCommand('copy') ? 'Copied' : 'Selected');
  };
  if (navigator.clipboard?.writeText) navigator.clipboard.writeText(text).then(() => done('Copied'), fallback);
  else fallback();
}
