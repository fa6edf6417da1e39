// Draws the quantities below the lanes, on the same axis: words as ribbons, counters as steps.

class Charts {
  constructor(painter) {
    Object.assign(this, { painter, ctx: painter.ctx, stage: painter.stage, run: painter.stage.run, colour: painter.colour });
    this.box = this.stage.box;
  }

  frame() {
    const { ctx, box, run, colour } = this;
    if (!box.charts) return;
    ctx.fillStyle = colour.bg;
    ctx.fillRect(0, box.bottom, box.names, box.height - box.bottom);
    ctx.fillStyle = colour.line;
    ctx.fillRect(0, box.bottom + 2, box.width, 1);
    const all = [...run.words, ...run.counters].slice(0, box.charts);
    all.forEach((quantity, i) => {
      const top = box.bottom + 7 + i * box.chart;
      this.name(quantity, top);
      this.painter.clip(box.names, top - 2, box.plot + box.right, box.chart + 2, () => {
        if (quantity.points) this.ribbon(quantity, top); else this.steps(quantity, top);
      });
    });
  }

  // The name, and the value at the cursor.
  name(quantity, top) {
    const { ctx, box, stage, colour, painter } = this;
    const middle = top + box.chart / 2;
    const value = quantity.points ? this.wordAt(quantity, stage.cursor) : this.valueAt(quantity, stage.cursor);
    ctx.textBaseline = 'middle';
    ctx.font = `600 11.5px ${FONT}`;
    const shown = quantity.points ? '' : painter.fit(value === null ? '' : number(value), 60);
    const width = shown ? painter.width(shown) + 8 : 0;
    ctx.fillStyle = colour.text;
    if (shown) ctx.fillText(shown, box.names - 10 - width + 8, middle);
    ctx.font = `400 12px ${FONT}`;
    ctx.fillStyle = colour.faint;
    const room = box.names - 24 - width;
    const [first, rest] = this.twoLines(quantity.name, room);
    ctx.fillText(first, 10, rest ? middle - 7 : middle);
    if (rest) ctx.fillText(rest, 10, middle + 7);
  }

  // A long name takes two lines.
  twoLines(name, room) {
    if (this.painter.width(name) <= room) return [name, ''];
    let cut = name.lastIndexOf(' ');
    while (cut > 0 && this.painter.width(name.slice(0, cut)) > room) cut = name.lastIndexOf(' ', cut - 1);
    if (cut <= 0) return [this.painter.fit(name, room), ''];
    return [name.slice(0, cut), this.painter.fit(name.slice(cut + 1), room)];
  }

  valueAt(quantity, t) {
    const i = above(quantity.at, t, 0, quantity.at.length) - 1;
    return i < 0 ? null : quantity.value[i];
  }

  wordAt(quantity, t) {
    return quantity.points.filter(point => point[0] <= t).pop()?.[1] ?? '';
  }

  ribbon(quantity, top) {
    const { ctx, box, stage, run, colour, painter } = this;
    const height = Math.min(22, box.chart - 8);
    const y = top + (box.chart - height) / 2;
    ctx.font = `11px ${FONT}`;
    ctx.textBaseline = 'middle';
    quantity.points.forEach(([t, word], i) => {
      const from = Math.max(box.names, stage.x(t));
      const to = Math.min(box.width, stage.x(quantity.points[i + 1]?.[0] ?? run.end));
      if (to < box.names || from > box.width) return;
      ctx.fillStyle = colour.ribbon;
      ctx.fillRect(from, y, Math.max(1, to - from - 1.5), height);
      ctx.fillStyle = colour.chart;
      ctx.fillRect(from, y, 2, height);
      if (to - from < 18) return;
      ctx.fillStyle = colour.text;
      ctx.fillText(painter.fit(word, to - from - 12), from + 7, y + height / 2 + 0.5);
    });
  }

  steps(quantity, top) {
    const { ctx, box, stage, run, colour } = this;
    const { at, value } = quantity;
    if (!at.length) return;
    if (quantity.most === undefined) quantity.most = value.reduce((most, v) => Math.max(most, Math.abs(v)), 0) || 1;
    const base = top + box.chart - 3, height = box.chart - 10;
    const y = v => base - Math.max(0, v) / quantity.most * height;
    const first = Math.max(0, above(at, stage.view.from, 0, at.length) - 1);
    // One step for each column at the most: the highest value in it.
    const steps = [];
    for (let i = first; i < at.length && at[i] <= stage.view.to; i++) {
      const x = Math.max(box.names, stage.x(at[i]));
      const last = steps[steps.length - 1];
      if (last && x - last[0] < 0.75) last[2] = value[i], last[1] = Math.max(last[1], value[i]);
      else steps.push([x, value[i], value[i]]);
    }
    if (!steps.length) return;
    const end = Math.min(box.width, stage.x(run.end));
    const right = i => steps[i + 1]?.[0] ?? Math.max(end, steps[i][0] + 1.5);
    const trace = () => steps.forEach(([x, high, v], i) => {
      ctx.lineTo(x, y(high));
      if (high !== v) ctx.lineTo(x, y(v));
      ctx.lineTo(right(i), y(v));
    });
    ctx.fillStyle = colour.ribbon;
    ctx.beginPath();
    ctx.moveTo(steps[0][0], base);
    trace();
    ctx.lineTo(end, base);
    ctx.fill();
    ctx.strokeStyle = colour.chart;
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    trace();
    ctx.stroke();
    this.numbers(steps, right, y, base);
    ctx.fillStyle = colour.line;
    ctx.fillRect(box.names, base, box.plot + box.right, 1);
  }

  numbers(steps, right, y, base) {
    const { ctx, colour, painter } = this;
    ctx.font = `10.5px ${FONT}`;
    ctx.textBaseline = 'middle';
    ctx.fillStyle = colour.text;
    steps.forEach(([x, , v], i) => {
      const text = number(v);
      if (right(i) - x < painter.width(text) + 8) return;
      // Inside the step if it is high enough, else above it.
      ctx.fillText(text, x + 4, base - y(v) > 15 ? y(v) + 8 : y(v) - 6);
    });
  }
}
