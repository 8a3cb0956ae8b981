// Copyright 2026 The spatialclaw_ros authors
// SPDX-License-Identifier: Apache-2.0

const PLAY_MS = 3500;

// Slides of a trace: [name, words, maker, mark].
function slidesOf(trace) {
  const slides = [{name: 'Question', words: trace.question, make: () => questionSlide(trace)}];
  if (trace.plan) slides.push({name: 'Plan', words: 'the plan', make: () => planSlide(trace)});
  trace.steps.forEach((step, index) => slides.push({
    name: `Step ${step.number}`, short: String(step.number),
    words: step.malformed ? 'a reply that could not be read' : step.purpose || 'a cell',
    mark: step.malformed || step.error || !step.ran ? 'failed' : '',
    make: () => stepSlide(trace, index)}));
  slides.push({name: trace.status === 'OK' ? 'Answer' : 'End', words: trace.answer,
    mark: statusKind(trace) === 'bad' ? 'failed' : '', make: () => answerSlide(trace)});
  return slides;
}

// One trace: its head, its bar of slides, and the slide that is shown.
class Column {
  constructor(trace, page, alone) {
    this.trace = trace;
    this.slides = slidesOf(trace);
    this.made = new Map();
    this.title = el('h2', {class: 'slide-title', tabindex: '-1'});
    this.place = el('div', {class: 'place'});
    this.dots = this.slides.map((slide, index) => el('button', {
      type: 'button', class: `dot ${slide.mark || ''}`, title: `${slide.name}: ${slide.words}`,
      onclick: () => page.go(index, this)},
    slide.short ? el('span', {class: 'unseen'}, 'Step ') : '', slide.short || slide.name,
    slide.mark ? el('span', {class: 'unseen'}, ' (failed)') : ''));
    this.root = el('article', {class: 'column', 'aria-label': `Trace ${trace.id}`},
      alone ? null : el('header', {class: 'column-head'},
        el('h2', null, trace.interface || trace.backbone || trace.id),
        el('p', {class: `end ${statusKind(trace)}`},
          el('span', {class: 'badge'}, statusText(trace)), ' ', trace.answer),
        trace.note ? el('p', {class: 'prose'}, trace.note) : null, facts(trace)),
      el('nav', {class: 'dots', 'aria-label': 'Steps'}, this.dots), this.title, this.place);
  }

  show(index) {
    const at = Math.min(Math.max(index, 0), this.slides.length - 1);
    const slide = this.slides[at];
    if (!this.made.has(at)) this.made.set(at, slide.make());
    this.place.replaceChildren(this.made.get(at));
    this.title.textContent = visible(slide.short ? `${slide.name}: ${slide.words}` : slide.name);
    this.dots.forEach((dot, each) => {
      if (each === at) dot.setAttribute('aria-current', 'step');
      else dot.removeAttribute('aria-current');
    });
    this.dots[at].scrollIntoView({block: 'nearest', inline: 'nearest'});
    return slide;
  }
}

class Page {
  constructor(data) {
    pictures = data.pictures;
    const traces = data.traces;
    const alone = traces.length === 1;
    this.at = 0;
    this.timer = null;
    this.columns = traces.map((trace) => new Column(trace, this, alone));
    this.last = Math.max(...this.columns.map((column) => column.slides.length)) - 1;
    this.back = el('button', {type: 'button', onclick: () => this.go(this.at - 1),
      'aria-keyshortcuts': 'ArrowLeft'}, '‹ Back');
    this.next = el('button', {type: 'button', class: 'main-button',
      onclick: () => this.go(this.at + 1), 'aria-keyshortcuts': 'ArrowRight'}, 'Next ›');
    this.play = el('button', {type: 'button', onclick: () => this.toggle(),
      'aria-pressed': 'false', 'aria-keyshortcuts': 'Space'}, '▶ Play');
    this.count = el('span', {class: 'dim count'});
    const questions = [...new Set(traces.map((trace) => trace.question))];
    document.title = visible(`${questions[0]} · trace`);
    const [first] = traces;
    document.getElementById('app').append(
      el('header', {class: 'head'}, el('p', {class: 'over'}, alone ? 'A question to the robot'
        : `${counted(traces.length, 'trace', 'traces')} of ${questions.length === 1 ? 'one question'
          : counted(questions.length, 'question', 'questions')}`),
      questions.map((question) => el('h1', null, question)),
      data.note ? el('p', {class: 'end'}, data.note) : null,
      alone ? [el('p', {class: `end ${statusKind(first)}`},
        el('span', {class: 'badge'}, statusText(first)), ' ', first.answer), facts(first)] : null),
      el('div', {class: 'bar', role: 'toolbar', 'aria-label': 'Steps'},
        this.back, this.play, this.next, this.count),
      el('main', {id: 'stage', class: alone ? 'stage alone' : 'stage beside', tabindex: '-1'},
        this.columns.map((column) => column.root)));
    document.addEventListener('keydown', (event) => this.key(event));
    this.go(Number((location.hash.match(/^#(\d+)$/) || [])[1]) || 0, null, true);
  }

  // Shows a slide in all columns, or in one of them alone.
  go(index, only, silent) {
    const at = Math.min(Math.max(index, 0), only ? only.slides.length - 1 : this.last);
    const slides = (only ? [only] : this.columns).map((column) => column.show(at));
    this.at = at;
    this.back.disabled = at === 0;
    this.next.disabled = at === this.last;
    this.count.textContent = `${at + 1} of ${this.last + 1}`;
    if (at === this.last) this.stop();
    if (silent) return;
    document.getElementById('said').textContent = slides.map(
      (slide) => `${slide.name}: ${slide.words}`).join('. ');
    try {
      history.replaceState(null, '', `#${at}`);
    } catch (error) { /* some browsers refuse it for files */ }
  }

  toggle() {
    if (this.timer !== null) { this.stop(); return; }
    if (this.at === this.last) this.go(0);
    this.timer = setInterval(() => this.go(this.at + 1), PLAY_MS);
    this.play.textContent = '❚❚ Pause';
    this.play.setAttribute('aria-pressed', 'true');
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.play.textContent = '▶ Play';
    this.play.setAttribute('aria-pressed', 'false');
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (document.querySelector('dialog[open]')) return;
    const on = (names) => event.target instanceof Element && event.target.closest(names);
    const wide = on('pre');  // left and right scroll what is wider than its box
    if (wide && wide.scrollWidth > wide.clientWidth && event.key.startsWith('Arrow')) return;
    const steps = {ArrowRight: this.at + 1, ArrowLeft: this.at - 1, Home: 0, End: this.last};
    if (event.key in steps) {
      this.stop();
      this.go(steps[event.key]);
    } else if (event.key === ' ') {
      if (on('button, summary, a, input')) return;
      this.toggle();
    } else return;
    event.preventDefault();
  }
}

const page = new Page(JSON.parse(document.getElementById('data').textContent));
