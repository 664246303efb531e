"use strict";
(() => {
  const data = JSON.parse(document.getElementById("curves").textContent);
  const W = 640, H = 300, L = 58, R = 12, T = 10, B = 36, FLOOR = H - B;
  const SIGNS = { nonfinite: "✕", gate: "▼", checkpoint: "◆", restart: "▶", remedy: "✚" };
  const hidden = new Set();
  const charts = [];
  let axisAsked = "";

  const make = (name, attributes, text) => {
    const one = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) one.setAttribute(key, attributes[key]);
    if (text !== undefined) one.textContent = text;
    return one;
  };
  const html = (name, className, text) => {
    const one = document.createElement(name);
    if (className) one.className = className;
    if (text !== undefined) one.textContent = text;
    return one;
  };
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const number = (value) => {
    const size = Math.abs(value);
    return size !== 0 && (size < 1e-4 || size >= 1e9) ? value.toExponential(3) : String(Number(value.toPrecision(6)));
  };
  // On a scale of time: "5 min", "1 h 30", with nothing finer than the step.
  const clocked = (seconds, step) => {
    const whole = Math.round(seconds), two = (n) => String(n).padStart(2, "0");
    if (whole >= 86400 && step >= 3600) { const h = Math.floor(whole / 3600) % 24; return Math.floor(whole / 86400) + " d" + (h ? ` ${h} h` : ""); }
    const minutes = Math.floor(whole / 60), rest = whole % 60;
    if (whole < 3600) return minutes ? `${minutes} min` + (rest ? " " + two(rest) : "") : rest ? `${rest} s` : "0";
    return `${Math.floor(minutes / 60)} h` + (minutes % 60 || rest ? " " + two(minutes % 60) : "") + (rest ? ":" + two(rest) : "");
  };
  const TIMES = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
  const timeTicks = (s, most) => {
    const rough = (s.high - s.low) / most;
    if (rough <= 0.5) return ticks(s, most).map(([value, label]) => [value, value ? label + " s" : "0"]);
    let step = TIMES.find((size) => size >= rough * 0.999);
    if (!step) {
      const power = Math.pow(10, Math.floor(Math.log10(rough / 86400)));
      step = 86400 * power * [1, 2, 5, 10].find((part) => 86400 * power * part >= rough * 0.999);
    }
    const found = [];
    for (let n = Math.ceil(s.low / step - 1e-9); n <= Math.floor(s.high / step + 1e-9); n++) found.push([n * step, clocked(n * step, step)]);
    return found;
  };
  // Places moved apart until there is a gap between any two, as little as that takes.
  const spread = (places, gap, low, high) => {
    gap = Math.min(gap, (high - low) / Math.max(places.length - 1, 1));
    const order = places.map((_, n) => n).sort((a, b) => places[a] - places[b]), blocks = [];
    order.forEach((n, rank) => {
      let one = [places[n] - rank * gap, 1];
      while (blocks.length && blocks.at(-1)[0] / blocks.at(-1)[1] > one[0] / one[1]) { const last = blocks.pop(); one = [one[0] + last[0], one[1] + last[1]]; }
      blocks.push(one);
    });
    const middles = blocks.flatMap(([total, count]) => Array(count).fill(total / count)), found = [...places];
    order.forEach((n, rank) => { found[n] = Math.min(Math.max(middles[rank] + rank * gap, low + rank * gap), high - (order.length - 1 - rank) * gap); });
    return found;
  };
  const lasting = (seconds) => {
    const [size, word] = seconds >= 172800 ? [86400, "d"] : seconds >= 7200 ? [3600, "h"] : seconds >= 120 ? [60, "min"] : [1, "s"];
    return Number((seconds / size).toPrecision(3)) + " " + word;
  };
  const short = (value) => {
    for (const [from, size, word] of [[1e9, 1e9, "G"], [1e6, 1e6, "M"], [1e4, 1e3, "k"]])
      if (Math.abs(value) >= from && Math.abs(value) < 1e12) return Number((value / size).toPrecision(6)) + word;
    return number(value);
  };

  // A scale is a function with its range; what lies outside is put on the edge.
  const scale = (low, high, start, end, log, room) => {
    if (log && low > 0) {
      if (high <= low) { low /= 2; high *= 2; }
      const margin = Math.pow(high / low, room);
      low = Math.max(low / margin, 5e-324); high = Math.min(high * margin, 1.7e308);
    } else {
      log = false;
      if (high <= low) { const reach = Math.abs(low) / 10 || 1; low -= reach; high += reach; }
      const margin = (high / 2 - low / 2) * 2 * room;
      low = Math.max(low - margin, -1.7e308); high = Math.min(high + margin, 1.7e308);
    }
    const part = log ? (v) => Math.log(v / low) / Math.log(high / low) : (v) => (v / 2 - low / 2) / (high / 2 - low / 2);
    const to = (v) => start + (end - start) * part(clamp(v, low, high));
    to.back = (place) => {
      const share = (place - start) / (end - start);
      return log ? low * Math.pow(high / low, share) : low + (high - low) * share;
    };
    return Object.assign(to, { low, high, log });
  };
  const ticks = (s, most, least = 0) => {
    if (s.log) {
      const first = Math.ceil(Math.log10(s.low) - 1e-9), last = Math.floor(Math.log10(s.high) + 1e-9);
      if (last - first >= 1) {
        const every = Math.max(1, Math.ceil((last - first + 1) / most));
        let found = [];
        for (let power = first; power <= last; power += every) found.push(Math.pow(10, power));
        if (found.length <= most / 2) found = [found[0] / 10, ...found].flatMap((v) => [v, 2 * v, 5 * v]);
        return found.filter((v) => v >= s.low && v <= s.high).map((v) => [v, short(v)]);
      }
    }
    const rough = (s.high / 2 - s.low / 2) / most * 2, power = Math.pow(10, Math.floor(Math.log10(rough)));
    let step = power * ([1, 2, 5, 10].find((part) => power * part >= rough * 0.999) || 10);
    if (s.high - s.low >= least) step = Math.max(step, least);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), found = [];
    for (let n = Math.ceil(s.low / step - 1e-9); n <= Math.floor(s.high / step + 1e-9) && found.length < 3 * most; n++) {
      const value = n * step;
      found.push([value, digits > 6 || Math.abs(value) >= 1e6 ? short(value) : value.toFixed(digits)]);
    }
    return found;
  };

  class Chart {
    constructor(figure, told) {
      this.told = told;
      this.figure = figure;
      this.log = told.log;
      this.window = null;
      this.cursor = null;
      this.svg = figure.querySelector("svg") || make("svg", { class: "plot" });
      this.svg.setAttribute("viewBox", `0 0 ${W} ${H}`);
      this.title = this.svg.querySelector("title") || make("title", {}, told.metric);
      this.desc = this.svg.querySelector("desc");
      const stage = figure.querySelector(".stage");
      if (!stage.contains(this.svg)) {
        this.svg.setAttribute("role", "img");
        this.svg.setAttribute("aria-label", told.metric);
        stage.append(this.svg);
      }
      stage.tabIndex = 0;
      stage.setAttribute("role", "group");
      stage.setAttribute("aria-label", `${told.metric}: arrow keys read values, plus and minus zoom, 0 shows all, l changes the scale`);
      this.stage = stage;
      this.readout = figure.querySelector(".readout");
      this.button = html("button", "", "");
      this.button.type = "button";
      this.button.addEventListener("click", () => this.setLog(!this.log));
      const letters = this.near(this.span()).map((one) => [...this.label(one)].reduce((wide, letter) => wide + (letter.codePointAt(0) > 0x2e7f ? 2 : 1), 0));
      this.right = W - (letters.length ? 12 + 6.3 * Math.max(...letters) : R);
      figure.querySelector("figcaption").append(this.button);
      this.listen();
    }
    get axis() { return this.told.axes.includes(axisAsked) ? axisAsked : this.told.axis; }
    label(one) {
      const value = short(one.y), room = 21 - value.length;
      return `${one.gate.length <= room ? one.gate : one.gate.slice(0, room - 1) + "…"} ${value}`;
    }
    lines() { return this.told.lines.filter((line) => !hidden.has(line.run)); }
    xs(part) { return data.xs[part.x[this.axis]]; }
    span() {
      let low = Infinity, high = -Infinity;
      for (const line of this.lines()) for (const part of line.parts) {
        const xs = this.xs(part);
        low = Math.min(low, xs[0]); high = Math.max(high, xs[xs.length - 1]);
      }
      return low <= high ? [low, high] : [0, 1];
    }
    range(window) {
      let low = Infinity, high = -Infinity;
      for (const line of this.lines()) for (const part of line.parts) {
        const xs = this.xs(part);
        for (let n = 0; n < xs.length; n++) if (part.v[n] !== null && xs[n] >= window[0] && xs[n] <= window[1]) {
          low = Math.min(low, part.lo ? part.lo[n] : part.v[n]); high = Math.max(high, part.hi ? part.hi[n] : part.v[n]);
        }
      }
      if (low > high) return [0, 1];
      const reach = high - low;
      for (const one of this.told.heights) if (one.y >= low - reach && one.y <= high + reach) { low = Math.min(low, one.y); high = Math.max(high, one.y); }
      return [low, high];
    }
    // The thresholds that lie near what is drawn.
    near(window) { const [low, high] = this.range(window); return this.told.heights.filter((one) => one.y >= low && one.y <= high); }
    setLog(log) { this.log = log; this.draw(); }
    setWindow(window) {
      if (window) {
        const [low, high] = this.span(), least = (high - low) / 1e6;
        const wanted = [Math.max(low, Math.min(...window)), Math.min(high, Math.max(...window))];
        window = wanted[1] - wanted[0] < least || (wanted[0] <= low && wanted[1] >= high) ? (wanted[1] - wanted[0] < least ? this.window : null) : wanted;
      }
      this.window = window;
      this.draw();
    }
    zoom(factor, about) {
      const [low, high] = this.window || this.span(), middle = about === null || about === undefined ? (low + high) / 2 : about;
      this.setWindow([middle - (middle - low) * factor, middle + (high - middle) * factor]);
    }

    draw() {
      const window = this.window || this.span();
      const x = this.x = scale(window[0], window[1], L, this.right, false, this.window ? 0 : 0.012);
      const y = this.y = scale(...this.range(window), FLOOR, T, this.log, 0.04);
      const clip = `clip-${charts.indexOf(this)}`;
      const clipper = make("clipPath", { id: clip });
      clipper.append(make("rect", { x: L, y: T - 2, width: this.right - L, height: FLOOR - T + 4 }));
      const inside = make("g", { "clip-path": `url(#${clip})` });
      this.overlay = make("g");
      const keep = this.svg.querySelector("title") ? [this.title, this.desc].filter(Boolean) : [];
      this.svg.replaceChildren(...keep, clipper, ...this.frame(x, y), inside, ...this.said(y), ...this.marks(x, y), this.overlay);
      for (const line of this.lines()) for (const part of line.parts) this.drawBand(inside, line, part, x, y);
      for (const line of this.lines()) for (const part of line.parts) this.drawLine(inside, line, part, x, y);
      this.heights(inside, x, y);
      this.button.textContent = y.log ? "linear scale" : "log scale";
      this.button.setAttribute("aria-label", `${this.told.metric}: ${this.button.textContent}`);
      this.button.disabled = !y.log && this.range(window)[0] <= 0;
      this.svg.dataset.window = window.join(" ");
      this.showCursor();
    }
    frame(x, y) {
      const found = [];
      for (const [value, label] of ticks(y, 6)) {
        const at = y(value).toFixed(1);
        found.push(make("path", { class: "grid", d: `M${L} ${at}H${this.right}` }));
        found.push(make("text", { class: "tick", x: L - 6, y: Number(at) + 4, "text-anchor": "end" }, label));
      }
      for (const [value, label] of this.axis === "elapsed" ? timeTicks(x, 7) : ticks(x, 7, this.axis === "step" ? 1 : 0)) {
        const at = x(value).toFixed(1);
        found.push(make("path", { class: "grid", d: `M${at} ${T}V${FLOOR}` }));
        found.push(make("text", { class: "tick", x: at, y: FLOOR + 15, "text-anchor": "middle" }, label));
      }
      found.push(make("path", { class: "axis", d: `M${L} ${T}V${FLOOR}H${this.right}` }));
      found.push(make("text", { class: "tick", x: this.right, y: H - 4, "text-anchor": "end" }, this.axis + (y.log ? ", log scale" : "")));
      return found;
    }
    classes(line, part, name) {
      const run = data.runs[line.run];
      return `${name} i${run.ink} s${run.style}` + (part.over ? " over" : "") + (faded !== null && faded !== line.run ? " faded" : "");
    }
    stretches(part) {
      const xs = this.xs(part), window = [this.x.low, this.x.high], found = [];
      let one = [];
      for (let n = 0; n < xs.length; n++) {
        const seen = (xs[n + 1] === undefined || xs[n + 1] >= window[0] || xs[n] >= window[0]) && (n === 0 || xs[n - 1] <= window[1]);
        if (part.v[n] !== null && seen) one.push(n);
        else if (one.length) { found.push(one); one = []; }
      }
      if (one.length) found.push(one);
      return found;
    }
    // Unlike a scale, a curve goes on beyond the window, straight to its next point.
    place(x, value) { return L + (this.right - L) * (value - x.low) / (x.high - x.low); }
    drawBand(group, line, part, x, y) {
      if (!part.lo) return;
      const xs = this.xs(part);
      for (const run of this.stretches(part)) {
        if (run.every((n) => part.lo[n] === part.hi[n])) continue;
        const tops = run.map((n) => `${this.place(x, xs[n]).toFixed(1)} ${y(part.hi[n]).toFixed(1)}`);
        const lows = run.map((n) => `${this.place(x, xs[n]).toFixed(1)} ${y(part.lo[n]).toFixed(1)}`).reverse();
        group.append(make("path", { class: this.classes(line, part, "band"), d: `M${tops.join(" ")} ${lows.join(" ")}Z` }));
      }
    }
    drawLine(group, line, part, x, y) {
      const xs = this.xs(part);
      for (const run of this.stretches(part)) {
        const places = run.map((n) => [this.place(x, xs[n]).toFixed(1), y(part.v[n]).toFixed(1)]);
        group.append(places.length === 1
          ? make("circle", { class: this.classes(line, part, "dot"), cx: places[0][0], cy: places[0][1], r: 2.5 })
          : make("path", { class: this.classes(line, part, "line"), d: "M" + places.map((one) => one.join(" ")).join(" ") }));
      }
    }
    heights(group, x, y) {
      for (const one of this.near(this.window || this.span())) group.append(make("path", { class: "height", d: `M${L} ${y(one.y).toFixed(1)}H${this.right}` }));
      for (const guide of this.told.guides) if (guide.axis === this.axis)
        group.append(make("path", { class: "height", d: "M" + guide.points.map((one) => `${this.place(x, one[0]).toFixed(1)} ${y(one[1]).toFixed(1)}`).join(" ") }));
    }
    // Beside the curves, never over one of them or over each other.
    said(y) {
      const found = [], all = this.near(this.window || this.span()), few = all.length > 16 ? all.slice(0, 15) : all, left = this.right + 8;
      const places = spread(few.map((one) => y(one.y)), 13, few.length < all.length ? T + 13 : T, FLOOR);
      few.forEach((one, n) => {
        const at = y(one.y);
        if (Math.abs(places[n] - at) > 1) found.push(make("path", { class: "height lead", d: `M${this.right} ${at.toFixed(1)}L${this.right + 6} ${places[n].toFixed(1)}` }));
        const text = make("text", { class: "said", x: left, y: (places[n] + 4).toFixed(1) }, this.label(one));
        text.append(make("title", {}, `${one.gate} ${short(one.y)}`));
        found.push(text);
      });
      if (few.length < all.length) found.push(make("text", { class: "said", x: left, y: T + 4 }, `and ${all.length - few.length} more`));
      return found;
    }
    marks(x, y) {
      const found = [];
      for (const mark of this.told.marks) {
        const at = mark.x[this.axis];
        if (at === undefined || hidden.has(mark.run) || at < x.low || at > x.high) continue;
        const run = data.runs[mark.run], left = x(at).toFixed(1), title = make("title", {}, `${run.name}: ${mark.text}`);
        if (mark.kind === "nonfinite") {
          const group = make("g", { class: `mark i${run.ink}` });
          group.append(title, make("path", { d: `M${left} ${T}V${FLOOR}` }), make("text", { x: left, y: T + 12, "text-anchor": "middle" }, SIGNS.nonfinite));
          found.push(group);
        } else {
          const sign = make("text", { class: `sign i${run.ink}`, x: left, y: mark.y === null ? T + 26 : y(mark.y) + 4, "text-anchor": "middle" }, SIGNS[mark.kind]);
          sign.append(title);
          found.push(sign);
        }
      }
      return found;
    }

    // The spot of a line that lies nearest to x; what counts before what was taken over.
    nearest(line, at) {
      let best = null;
      for (const part of line.parts) {
        const xs = this.xs(part);
        let low = 0, high = xs.length - 1;
        while (low < high) { const middle = (low + high) >> 1; if (xs[middle] < at) low = middle + 1; else high = middle; }
        for (const n of [low - 1, low]) if (n >= 0) {
          const far = Math.abs(xs[n] - at) + (part.over ? 1e-9 * Math.abs(at) : 0);
          if (!best || far < best.far) best = { far, part, n, x: xs[n] };
        }
      }
      const reach = (this.x.high - this.x.low) / 50;
      return best && best.far <= Math.max(reach, this.step(best)) ? best : null;
    }
    step(one) {
      const xs = this.xs(one.part), before = one.n > 0 ? xs[one.n] - xs[one.n - 1] : Infinity;
      const after = one.n + 1 < xs.length ? xs[one.n + 1] - xs[one.n] : Infinity;
      const least = Math.min(before, after);
      return least === Infinity ? 0 : least / 2;
    }
    read(at) {
      const found = [];
      for (const line of this.lines()) {
        const one = this.nearest(line, at);
        if (!one) continue;
        const value = one.part.v[one.n], low = one.part.lo && one.part.lo[one.n], high = one.part.hi && one.part.hi[one.n];
        const wide = value !== null && one.part.lo && low !== high;
        const text = value === null ? "not finite" : number(value) + (wide ? ` (${number(low)} to ${number(high)})` : "");
        found.push({ line, one, value, text });
      }
      const sign = this.told.goal === "max" ? -1 : 1;
      return found.sort((a, b) => (a.value === null) - (b.value === null) || sign * (a.value - b.value));
    }
    showCursor() {
      this.overlay.replaceChildren();
      if (this.cursor === null || this.cursor < this.x.low || this.cursor > this.x.high) { this.readout.replaceChildren(); return; }
      const left = this.x(this.cursor).toFixed(1), found = this.read(this.cursor);
      this.overlay.append(make("path", { class: "cursor", d: `M${left} ${T}V${FLOOR}` }));
      const list = html("ul");
      const where = this.axis === "elapsed" ? lasting(this.cursor) : `${this.axis} ${number(this.cursor)}`;
      list.append(html("li", "", where + ":"));
      for (const { line, one, value, text } of found) {
        const run = data.runs[line.run];
        if (value !== null) this.overlay.append(make("circle", { class: `dot i${run.ink}`, cx: this.place(this.x, one.x).toFixed(1), cy: this.y(value).toFixed(1), r: 3.5 }));
        const row = html("li"), name = html("bdi", "", run.name);
        row.append(html("b", `i${run.ink}`), name, ` ${text}`);
        list.append(row);
      }
      for (const mark of this.told.marks) {
        const at = mark.x[this.axis];
        if (at !== undefined && !hidden.has(mark.run) && Math.abs(this.place(this.x, at) - left) < 4)
          list.append(html("li", "", `${SIGNS[mark.kind]} ${data.runs[mark.run].name}: ${mark.text}`));
      }
      this.readout.replaceChildren(list);
    }
    move(by) {
      const all = new Set();
      for (const line of this.lines()) for (const part of line.parts) for (const at of this.xs(part)) if (at >= this.x.low && at <= this.x.high) all.add(at);
      const xs = [...all].sort((a, b) => a - b);
      if (!xs.length) return;
      if (this.cursor === null) this.cursor = by > 0 ? xs[0] : xs[xs.length - 1];
      else {
        let n = xs.findIndex((at) => at >= this.cursor);
        if (n < 0) n = xs.length - 1;
        this.cursor = xs[clamp(n + by, 0, xs.length - 1)];
      }
      this.showCursor();
    }

    listen() {
      const at = (event) => {
        const box = this.svg.getBoundingClientRect();
        return this.x.back(clamp((event.clientX - box.left) / box.width * W, L, this.right));
      };
      let begun = null;
      this.stage.addEventListener("pointerdown", (event) => {
        if (event.button === 0) { begun = at(event); this.stage.setPointerCapture(event.pointerId); }
      });
      this.stage.addEventListener("pointermove", (event) => {
        this.cursor = at(event);
        this.showCursor();
        if (begun !== null) {
          const [from, to] = [this.x(begun), this.x(this.cursor)].sort((a, b) => a - b);
          this.overlay.append(make("rect", { class: "chosen", x: from, y: T, width: to - from, height: FLOOR - T }));
        }
      });
      this.stage.addEventListener("pointerup", (event) => {
        const end = at(event), start = begun;
        begun = null;
        if (start !== null && Math.abs(this.x(end) - this.x(start)) > 6) this.setWindow([start, end]);
        else this.showCursor();
      });
      this.stage.addEventListener("pointercancel", () => { begun = null; this.showCursor(); });
      this.stage.addEventListener("pointerleave", () => { if (begun === null && document.activeElement !== this.stage) { this.cursor = null; this.showCursor(); } });
      this.stage.addEventListener("dblclick", () => this.setWindow(null));
      this.stage.addEventListener("wheel", (event) => {
        if (!event.ctrlKey && document.activeElement !== this.stage) return; // the page scrolls
        event.preventDefault();
        this.zoom(event.deltaY > 0 ? 1.25 : 0.8, at(event));
      }, { passive: false });
      const keys = {
        ArrowLeft: (far) => this.move(-far), ArrowRight: (far) => this.move(far), Home: () => { this.cursor = null; this.move(1); },
        End: () => { this.cursor = null; this.move(-1); }, "+": () => this.zoom(0.5, this.cursor), "=": () => this.zoom(0.5, this.cursor),
        "-": () => this.zoom(2, this.cursor), 0: () => this.setWindow(null), l: () => { if (!this.button.disabled) this.setLog(!this.log); },
        Escape: () => { this.cursor = null; this.showCursor(); },
      };
      this.stage.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
        event.preventDefault();
        keys[event.key](event.shiftKey ? 10 : 1);
      });
    }
  }

  let faded = null;
  // What lies in a closed part of the page is drawn when that is opened.
  const drawAll = () => charts.forEach((one) => { one.stale = Boolean(one.figure.closest("details:not([open])")); if (!one.stale) one.draw(); });
  const build = () => {
    const more = document.getElementById("more-charts");
    data.charts.forEach((told, n) => {
      let figure = document.querySelector(`figure[data-chart="${n}"]`);
      if (!figure) {
        figure = html("figure", "chart");
        figure.dataset.chart = n;
        const caption = html("figcaption");
        caption.append(html("bdi", "", told.metric));
        const readout = html("div", "readout");
        readout.setAttribute("aria-live", "polite");
        figure.append(caption, html("div", "stage"), readout);
        more.append(figure);
      }
      charts.push(new Chart(figure, told));
    });
    drawAll();
    const rest = document.getElementById("more");
    if (!rest) return;
    rest.hidden = !more.children.length;
    rest.addEventListener("toggle", () => charts.forEach((one) => { if (one.stale && rest.open) { one.stale = false; one.draw(); } }));
  };
  const legend = () => {
    document.querySelectorAll(".legend .key").forEach((key) => {
      const run = Number(key.dataset.run), button = html("button", key.className);
      button.type = "button";
      button.dataset.run = run;
      button.append(...key.childNodes);
      button.setAttribute("aria-pressed", "true");
      button.addEventListener("click", () => {
        if (hidden.has(run)) hidden.delete(run); else hidden.add(run);
        button.setAttribute("aria-pressed", String(!hidden.has(run)));
        drawAll();
      });
      const fade = (to) => () => { faded = to; drawAll(); };
      if (data.runs.length < 13) {
        button.addEventListener("pointerenter", fade(run));
        button.addEventListener("pointerleave", fade(null));
      }
      key.replaceWith(button);
    });
  };
  const tools = () => {
    const bar = document.getElementById("tools"), known = ["epoch", "step", "elapsed"].filter((axis) => data.charts.some((one) => one.axes.includes(axis)));
    const select = html("select"), label = html("label", "", "x axis ");
    select.id = "axis";
    for (const axis of known) { const option = html("option", "", axis); option.value = axis; select.append(option); }
    select.value = data.charts.length ? data.charts[0].axis : "step";
    select.addEventListener("change", () => { axisAsked = select.value; charts.forEach((one) => { one.window = null; one.cursor = null; }); drawAll(); });
    label.append(select);
    const reset = html("button", "", "show all");
    reset.type = "button";
    reset.addEventListener("click", () => { charts.forEach((one) => { one.window = null; }); drawAll(); });
    bar.append(label, reset);
    bar.hidden = false;
  };
  const theme = () => {
    const button = document.getElementById("theme"), root = document.documentElement;
    const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    const tell = () => { button.textContent = dark() ? "light colours" : "dark colours"; };
    button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; tell(); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
    button.hidden = false;
    tell();
  };
  const sorting = () => document.querySelectorAll("table.sortable").forEach((table) => {
    const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
    const value = (row, n) => {
      const cell = row.cells[n], told = cell.dataset.value !== undefined ? cell.dataset.value : cell.textContent.trim();
      const parsed = Number(told);
      return told !== "" && Number.isFinite(parsed) ? parsed : told;
    };
    heads.forEach((head, n) => {
      const button = html("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        heads.forEach((one) => one.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
        const rows = [...body.rows].sort((a, b) => {
          const [left, right] = [value(a, n), value(b, n)];
          const kinds = (typeof left === "string") - (typeof right === "string");
          return kinds || sign * (typeof left === "string" ? left.localeCompare(right) : left - right);
        });
        body.append(...rows);
      });
    });
  });

  build();
  legend();
  if (data.charts.length) tools();
  theme();
  sorting();
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
  document.documentElement.dataset.ready = "yes";
})();
