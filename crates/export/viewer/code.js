// The code panel: the source, lightly coloured, with what waits at each line at the cursor.

const WORDS = {
  rust: /^(as|async|await|break|const|continue|dyn|else|enum|false|fn|for|if|impl|in|let|loop|match|mod|move|mut|pub|ref|return|self|Self|static|struct|super|trait|true|type|unsafe|use|where|while)$/,
  python: /^(and|as|assert|async|await|break|class|continue|def|del|elif|else|except|False|finally|for|from|global|if|import|in|is|lambda|match|None|nonlocal|not|or|pass|raise|return|self|True|try|while|with|yield)$/,
};
const TOKENS = {
  rust: /(\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(b?r#*"[\s\S]*?"#*|b?"(?:\\[\s\S]|[^"\\])*"|'(?:\\.[^']*|[^'\\])')|(#!?\[[^\]\n]*\])|(\b\d[\w.]*)|([A-Za-z_]\w*)/g,
  python: /(#[^\n]*)|([rbfRBF]{0,2}(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))|(@[\w.]+)|(\b\d[\w.]*)|([A-Za-z_]\w*)/g,
};

// Splits code into lines of [class, text].
function tokens(text, lang) {
  const lines = [[]];
  const push = (kind, part) => part.split('\n').forEach((line, i) => {
    if (i) lines.push([]);
    if (line) lines[lines.length - 1].push([kind, line]);
  });
  const pattern = TOKENS[lang];
  if (!pattern || text.length > 500000) {
    push('', text);
    return lines;
  }
  let last = 0;
  for (const match of text.matchAll(pattern)) {
    push('', text.slice(last, match.index));
    last = match.index + match[0].length;
    const word = match[5];
    const kind = match[1] ? 'comment' : match[2] ? 'string' : match[3] ? 'attribute' : match[4] ? 'constant' :
      WORDS[lang].test(word) ? 'keyword' : /^[A-Z]/.test(word) ? 'type' : /^!?\(/.test(text.slice(last, last + 2)) ? 'function' : '';
    push(kind, match[0]);
  }
  push('', text.slice(last));
  return lines;
}

class CodePanel {
  constructor(app) {
    this.app = app;
    this.run = app.run;
    this.shown = 0;
    this.lines = [];
    this.marked = null;
    this.node = el('div', { class: 'code-panel' });
    if (this.run.code.length > 1) {
      this.picks = this.run.code.map((code, i) => button(clean(code.title, 60), () => this.show(i), { class: 'pick' }));
      this.node.append(el('div', { class: 'picks' }, ...this.picks));
    }
    this.note = el('p', { class: 'note' });
    this.list = el('div', { class: 'code', tabindex: '0', role: 'region', 'aria-label': 'Source code' });
    this.node.append(this.note, this.list);
    if (this.run.code.length) this.show(0);
  }

  show(at) {
    this.shown = at;
    this.picks?.forEach((pick, i) => pick.setAttribute('aria-pressed', String(i === at)));
    const code = this.run.code[at];
    this.note.textContent = at ? clean(this.run.differs, 600) : '';
    this.note.hidden = !this.note.textContent;
    this.list.textContent = '';
    const spawns = new Set(at ? [] : this.run.tasks.map(task => task.line));
    this.lines = tokens(cleanLines(code.text).replace(/\n$/, ''), code.lang).slice(0, 5000).map((parts, i) => {
      const count = el('span', { class: 'count' });
      const spawn = spawns.has(i + 1);
      const source = el('span', { class: 'source' }, ...parts.map(([kind, text]) => kind ? el('span', { class: `t-${kind}` }, text) : text));
      const line = el('div', { class: spawn ? 'code-line spawn' : 'code-line' }, count, el('span', { class: 'nr' }, String(i + 1)), source);
      if (spawn) line.title = 'tasks are spawned here';
      if (!at) line.addEventListener('click', () => this.pick(i + 1));
      this.list.append(line);
      return { line, count, text: '' };
    });
    this.marked = null;
    this.counted = new Set();
    this.update();
  }

  // Counts the tasks that wait at each line at the cursor.
  waiting() {
    const { run } = this;
    const t = this.app.stage.cursor;
    const lines = new Map();
    for (const task of run.tasks) {
      const i = run.segment(task, t);
      if (i < 0 || task.states[i] <= 0) continue;
      for (const [ix] of run.waits[task.states[i] - 1]) {
        const site = run.sites[ix];
        if (!site.line) continue;
        if (!lines.has(site.line)) lines.set(site.line, { tasks: [], family: site.family });
        lines.get(site.line).tasks.push(task);
      }
    }
    return lines;
  }

  update() {
    if (this.shown || !this.lines.length) return;
    const lines = this.waiting();
    for (const nr of this.counted) if (!lines.has(nr)) this.count(nr, '', '');
    this.counted = new Set(lines.keys());
    for (const [nr, { tasks, family }] of lines) this.count(nr, String(tasks.length), this.run.families[family]?.name ?? 'other');
  }

  count(nr, text, family) {
    const line = this.lines[nr - 1];
    if (!line || line.text === text + family) return;
    line.text = text + family;
    line.count.textContent = text;
    line.count.className = text ? `count f-${family}` : 'count';
    line.count.title = text ? `${counted(Number(text), 'task')} ${text === '1' ? 'waits' : 'wait'} here at the cursor` : '';
  }

  // Marks a line and scrolls to it within the panel.
  mark(nr) {
    if (nr && this.shown) this.show(0);
    this.marked?.classList.remove('marked');
    this.marked = nr ? this.lines[nr - 1]?.line : null;
    if (!this.marked) return;
    this.marked.classList.add('marked');
    const top = this.marked.offsetTop - this.list.offsetTop;
    if (top < this.list.scrollTop + 30 || top > this.list.scrollTop + this.list.clientHeight - 60) {
      this.list.scrollTop = top - this.list.clientHeight / 3;
    }
  }

  // Where the code begins to matter: at the first line that a task waits at.
  begin() {
    if (this.begun || this.marked || this.shown) return;
    this.begun = true;
    const first = Math.min(...this.run.sites.map(site => site.line ?? Infinity), this.lines.length);
    const line = this.lines[first - 6]?.line;
    if (line) this.list.scrollTop = line.offsetTop - this.list.offsetTop;
  }

  // Selects the tasks that wait at a line, one after the other.
  pick(nr) {
    const tasks = this.waiting().get(nr)?.tasks ?? this.run.tasks.filter(task => task.line === nr);
    if (!tasks.length) return;
    const at = tasks.findIndex(task => task.ix === this.app.stage.selected);
    this.mark(nr);
    this.app.select(tasks[(at + 1) % tasks.length].ix);
  }
}
