// The run: reads the JSON of the page into typed arrays, and answers questions about a task at a time.
// All files of the viewer share one scope: see page.html. Times are nanoseconds since the run began.

// What a lane shows. A higher number wins where several share a pixel.
const EMPTY = 0, WAIT = 1, QUEUED = 7, READY = 8, HOLDING = 9, HOLDING_QUEUED = 15, SHORT = 16, RUNNING = 17;
const LOCK = 1; // the family of locks and permits
const OUTSIDE = ['a timer', 'io', 'a blocking call', 'the scheduler', 'its budget', 'the schedule', 'outside the runtime'];
const END_MARKS = { completed: '✓', failed: '✗', cancelled: '⊘', panicked: '‼', unknown: '?' };
const LONGEST = 300;
// What a task does not have is left out of the JSON.
const BARE = { wakes: [], held: [], overdue: [], marks: [], spans: [], branches: [], panic: null, line: null, spawned_at: null };

// Text from a program may contain anything. Control characters become their pictures, and what reorders or hides text
// becomes U+FFFD.
function clean(text, longest = LONGEST) {
  const whole = String(text ?? '');
  const cut = whole.length > longest ? whole.slice(0, longest).replace(/[\ud800-\udbff]$/, '') + '…' : whole;
  return visible(cut);
}

function visible(text) {
  return text.replace(/[\u0000-\u001f]/g, c => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\u007f/g, '␡')
    .replace(/[\u0080-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu, '\ufffd');
}

// Text of several lines: line breaks and tabs stay.
function cleanLines(text) {
  return String(text ?? '').replace(/\r\n?/g, '\n').split('\n').map(line => clean(line.replace(/\t/g, '    '), 4000)).join('\n');
}

// The first index whose value is above `x`, in a sorted array from `lo` to `hi`.
function above(sorted, x, lo, hi) {
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (sorted[mid] <= x) lo = mid + 1; else hi = mid;
  }
  return lo;
}

// A duration as it is: `500 ms`, `1.234567 s`.
function exact(ns) {
  const size = Math.abs(ns);
  const [unit, word] = size >= 1e9 ? [9, 's'] : size >= 1e6 ? [6, 'ms'] : size >= 1e3 ? [3, 'µs'] : [0, 'ns'];
  if (size === 0) return '0 ms';
  const digits = String(Math.round(size)).padStart(unit + 1, '0');
  const whole = digits.slice(0, digits.length - unit).replace(/\B(?=(\d{3})+$)/g, ',');
  const part = unit ? digits.slice(-unit).replace(/0+$/, '') : '';
  return `${ns < 0 ? '-' : ''}${whole}${part && '.' + part} ${word}`;
}

// A duration for figures, in hundredths of its unit or finer.
function brief(ns, part = 100) {
  const [unit, word] = ns >= 1e9 ? [1e9, 's'] : ns >= 1e6 ? [1e6, 'ms'] : ns >= 1e3 ? [1e3, 'µs'] : [1, 'ns'];
  if (!ns) return '0 ms';
  const value = ns / unit;
  return `${value >= 100 ? Math.floor(value) : String(Math.floor(value * part) / part)} ${word}`;
}

const number = n => Number.isInteger(n) ? n.toString().replace(/\B(?=(\d{3})+$)/g, ',') : n.toFixed(2);
const counted = (n, one) => `${number(n)} ${one}${n === 1 ? '' : 's'}`;

// Adds up pairs [first, x, difference, y, …] into two arrays.
function pairs(flat) {
  const n = flat.length >> 1;
  const at = new Float64Array(n), value = new Float64Array(n);
  for (let i = 0, t = 0; i < n; i++) {
    t += flat[2 * i];
    at[i] = t;
    value[i] = flat[2 * i + 1];
  }
  return { at, value };
}

// Intervals [from, to] as sorted ones that do not overlap.
function union(intervals) {
  const sorted = intervals.slice().sort((a, b) => a[0] - b[0]);
  const merged = [];
  for (const [from, to] of sorted) {
    const last = merged[merged.length - 1];
    if (last && from <= last[1]) last[1] = Math.max(last[1], to); else merged.push([from, to]);
  }
  return merged;
}

class Run {
  constructor(json) {
    Object.assign(this, json);
    this.families = json.families.map(family => ({ name: clean(family.name), word: clean(family.word) }));
    this.tasks = json.tasks.map((task, ix) => this.task(task, ix));
    for (const task of this.tasks) if (task.parent !== null) this.tasks[task.parent]?.children.push(task.ix);
    this.logAt = Float64Array.from(json.log, line => line[0]);
    this.flagged = new Set(json.findings.map(finding => finding.task));
    this.counters = json.counters.map(counter => ({ name: clean(counter.name), ...pairs(counter.points) }));
    if (json.queue) this.counters.push({ name: clean(json.queue.name), ...pairs(json.queue.points) });
    this.words = json.words.map(word => ({ name: clean(word.name), points: word.points.map(([t, text]) => [t, clean(text, 60)]) }));
    this.length = Math.max(1, this.end - this.since);
    this.preempted = new Map();
    for (const [task, at, place] of json.preemptions) {
      if (!this.preempted.has(task)) this.preempted.set(task, []);
      this.preempted.get(task).push([at, place]);
    }
  }

  task(told, ix) {
    const json = { ...BARE, ...told };
    const { at: starts, value: states } = pairs(json.segments);
    const { at: wakeAt, value: wakeBy } = pairs(json.wakes);
    const until = json.end ? json.end[0] : this.end;
    const task = { ...json, ix, name: clean(json.name), end: json.end && [json.end[0], clean(json.end[1], 40), json.end[2]], starts, states, wakeAt, wakeBy, until, children: [] };
    task.alive = !json.end;
    this.pieces(task);
    return task;
  }

  // What the lane shows piece by piece: the segments, cut where the task begins or ceases to hold something, or is overdue.
  pieces(task) {
    const held = union(task.held.map(([from, to]) => [from, to ?? Infinity]));
    const late = union(task.overdue);
    const at = [], kind = [], of = [];
    const n = task.starts.length;
    let h = 0, l = 0;
    for (let i = 0; i < n; i++) {
      const from = task.starts[i], to = i + 1 < n ? task.starts[i + 1] : task.until;
      const state = task.states[i];
      const cuts = [from];
      if (state > 0) {
        while (h < held.length && held[h][1] < from) h++;
        while (l < late.length && late[l][1] < from) l++;
        for (let j = h; j < held.length && held[j][0] < to; j++) cuts.push(held[j][0], held[j][1]);
        for (let j = l; j < late.length && late[j][0] < to; j++) cuts.push(late[j][0], late[j][1]);
        if (cuts.length > 1) cuts.sort((a, b) => a - b);
      }
      let previous = -1;
      for (const cut of cuts) {
        if (cut < from || (cut >= to && cut > from) || cut === previous) continue;
        previous = cut;
        at.push(cut);
        of.push(i);
        kind.push(this.kindOf(state, within(held, cut), within(late, cut)));
      }
    }
    task.at = Float64Array.from(at);
    task.kind = Uint8Array.from(kind);
    task.of = Uint32Array.from(of);
  }

  kindOf(state, holds, late) {
    if (state < 0) return RUNNING;
    // A task that yielded waits only for its turn.
    if (state === 0 || late || this.leafOf(state)?.site.turn) return READY;
    const family = this.familyOf(state);
    if (family === LOCK) return holds ? HOLDING_QUEUED : QUEUED;
    return (holds ? HOLDING : WAIT) + family;
  }

  // The family that a wait is drawn in.
  familyOf(state) {
    return this.leafOf(state)?.family ?? 5;
  }

  // What a set of waits is drawn as, its first: `{ family, leaf, site }`.
  leafOf(state) {
    this.leaves ??= this.waits.map(([leaf]) => leaf && { leaf, site: this.sites[leaf[0]], family: this.sites[leaf[0]].family });
    return this.leaves[state - 1];
  }

  // The index of a task's segment at a time; -1 before it was spawned and after its end.
  segment(task, t) {
    if (t > task.until || (t === task.until && !task.alive)) return -1;
    return above(task.starts, t, 0, task.starts.length) - 1;
  }

  segmentEnd(task, i) {
    return i + 1 < task.starts.length ? task.starts[i + 1] : task.until;
  }

  // The task that woke another one last at or before a time.
  wakeBefore(task, t) {
    const i = above(task.wakeAt, t, 0, task.wakeAt.length) - 1;
    return i < 0 ? null : { at: task.wakeAt[i], by: task.wakeBy[i] };
  }

  waker(by) {
    return by >= 0 ? this.tasks[by]?.name ?? 'a task' : OUTSIDE[-1 - by] ?? null;
  }

  // When a task woke others, computed once a task.
  wakesBy(task) {
    if (!this.wakers) {
      this.wakers = new Map();
      for (const woken of this.tasks) {
        for (let i = 0; i < woken.wakeAt.length; i++) {
          const by = woken.wakeBy[i];
          if (by < 0 || by === woken.ix) continue;
          if (!this.wakers.has(by)) this.wakers.set(by, []);
          this.wakers.get(by).push([woken.wakeAt[i], woken.ix]);
        }
      }
    }
    return this.wakers.get(task.ix) ?? [];
  }

  // Which tasks hold a resource at a time, and what they took.
  holders(resource, t) {
    return this.holds().get(resource)?.filter(([from, to]) => from <= t && t < to).map(hold => hold[2]) ?? [];
  }

  holds() {
    if (!this.held) {
      this.held = new Map();
      for (const task of this.tasks) {
        for (const [from, to, resource] of task.held) {
          if (!this.held.has(resource)) this.held.set(resource, []);
          this.held.get(resource).push([from, to ?? Infinity, task]);
        }
      }
    }
    return this.held;
  }

  // Pairs of tasks of a stall: the second holds what the first waits for.
  stuck() {
    if (!this.pairs) {
      const tasks = this.stall.tasks.map(ix => this.tasks[ix]).filter(task => task?.alive && task.states.length);
      const wanted = task => this.waits[task.states[task.states.length - 1] - 1] ?? [];
      const has = (task, resource) => task.held.some(hold => hold[1] === null && hold[2] === resource);
      this.pairs = tasks.flatMap(task => wanted(task).flatMap(([, resource]) =>
        resource === null ? [] : tasks.filter(other => other !== task && has(other, resource)).map(other => [task.ix, other.ix])));
    }
    return this.pairs;
  }

  // The position of a task in the queue for a resource: those that wait for it at that time and began earlier.
  position(task, resource, t, since) {
    if (this.tasks.length > 5000) return null;
    let before = 0, all = 0;
    for (const other of this.tasks) {
      const i = this.segment(other, t);
      if (i < 0 || other.states[i] <= 0) continue;
      if (!this.waits[other.states[i] - 1].some(leaf => leaf[1] === resource)) continue;
      if (this.sites[this.waits[other.states[i] - 1][0][0]]?.family !== LOCK) continue;
      all++;
      if (other.starts[i] < since || (other.starts[i] === since && other.ix < task.ix)) before++;
    }
    return all ? [before + 1, all] : null;
  }

  resource(ix) {
    const resource = ix === null || ix === undefined ? null : this.resources[ix];
    if (!resource) return '';
    return clean(resource.name.startsWith(resource.kind) ? resource.name : `${resource.kind} ${resource.name}`);
  }
}

// Whether a time is in one of some sorted intervals.
function within(sorted, t) {
  let lo = 0, hi = sorted.length;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (sorted[mid][0] <= t) lo = mid + 1; else hi = mid;
  }
  return lo > 0 && (t < sorted[lo - 1][1] || sorted[lo - 1][0] === t);
}
