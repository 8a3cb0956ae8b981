// Copyright 2026 The spatialclaw_ros authors
// SPDX-License-Identifier: Apache-2.0

let pictures = {};
const ENDS = {
  OK: 'answered', REFUSED: 'refused', BROKE_OFF: 'broke off', CUT_OFF: 'cut off',
};

function statusText(trace) {
  return ENDS[trace.status] || trace.status.toLowerCase().replaceAll('_', ' ');
}

function statusKind(trace) {
  return trace.status === 'OK' ? 'good' : trace.status === 'REFUSED' ? 'unsure' : 'bad';
}

function fact(name, value, title) {
  return value ? el('div', {class: 'fact', title}, el('dt', null, name), el('dd', null, value)) : null;
}

function facts(trace) {
  const {tokens: used} = trace;
  return el('dl', {class: 'facts'},
    fact('interface', trace.interface), fact('backbone', trace.backbone),
    fact('model', trace.model), fact('took', seconds(trace.seconds)),
    fact('cells', String(trace.steps.filter((step) => step.ran && !step.malformed).length)),
    fact('tokens', used.prompt || used.completion
      ? `${count(used.prompt)} in, ${count(used.completion)} out` : '',
    used.cached ? `${count(used.cached)} of them were cached` : null),
    fact('sent', bytes(trace.sent_bytes)),
    fact('prefix', trace.prefix_share === null ? '' : `${Math.floor(1000 * trace.prefix_share) / 10} %`,
      'least share of a request that repeats the one before it'),
    trace.ahead && fact('ahead of model', `${trace.ahead.used} used, ${trace.ahead.wasted} wasted`,
      `saved ${seconds(trace.ahead.saved_s)}`),
    fact('asked', trace.time ? new Date(trace.time).toLocaleString() : ''));
}

function block(title, ...content) {
  return el('section', {class: 'block'}, el('h3', null, title), ...content);
}

function prose(title, text) {
  return text ? el('div', {class: 'prose'}, el('h4', null, title), el('p', null, text)) : null;
}

function folded(title, text, open) {
  if (!text) return null;
  return el('details', {open}, el('summary', null, title),
    el('pre', {class: 'plain', tabindex: '0'}, text));
}

// A frame with the masks of what was found laid over it.
function frame(trace, item, masked) {
  const names = item.masks.map((mask) => trace.objects[mask.object].label);
  const words = `Frame ${item.index} of ${item.camera}, ${seconds(item.after_s) || '0 s'} in` +
    (masked && names.length ? `, with ${names.join(', ')} marked` : '');
  const layers = [item.picture && el('img', {src: pictures[item.picture], alt: words,
    width: item.width || null, height: item.height || null, loading: 'lazy'})];
  if (masked) {
    for (const mask of item.masks) {
      layers.push(el('img', {src: pictures[mask.picture], alt: '', class: 'mask'}));
    }
  }
  const stack = () => layers.map((layer) => layer && layer.cloneNode());
  return el('figure', {class: 'frame'},
    el('button', {type: 'button', class: 'picture', 'aria-label': `Enlarge: ${words}`,
      onclick: () => enlarge(stack(), words)}, stack()),
    el('figcaption', null, el('b', null, `${item.index}`), ` ${item.camera}`,
      item.has_depth ? '' : ', no depth'));
}

function gallery(trace, masked) {
  const chosen = masked ? trace.frames.filter((item) => item.masks.length) : trace.frames;
  return chosen.length ? el('div', {class: 'gallery'}, chosen.map(
    (item) => frame(trace, item, masked))) : null;
}

function enlarge(layers, words) {
  const dialog = el('dialog', {class: 'large', 'aria-label': words},
    el('div', {class: 'stack'}, layers), el('p', null, words),
    el('button', {type: 'button', class: 'small', onclick: () => dialog.close()}, 'Close'));
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
}

function questionSlide(trace) {
  return el('div', {class: 'slide'},
    trace.choices.length ? block('Choices', el('ol', {class: 'choices'},
      trace.choices.map((choice) => el('li', null, choice)))) : null,
    block(counted(trace.frames.length, 'key frame', 'key frames'), gallery(trace, false) || ''),
    trace.missing.length ? block('Not known', el('ul', {class: 'notes'},
      trace.missing.map((line) => el('li', null, line)))) : null,
    Object.keys(trace.prompts).length ? block('What the model is told',
      folded('System prompt', trace.prompts.system), folded('Opening', trace.prompts.opening),
      folded('System prompt of the planner', trace.prompts.planner_system)) : null);
}

function planSlide(trace) {
  return el('div', {class: 'slide split'},
    el('div', {class: 'main'}, block('Plan', el('div', {class: 'plan'}, trace.plan || 'no plan'))),
    el('aside', {class: 'side'}, requests([trace.planner])));
}

function requests(list) {
  const rows = list.filter(Boolean);
  if (!rows.length) return null;
  return block('Requests', rows.map((each) => el('div', {class: 'request'},
    el('div', null, el('b', null, each.role || 'agent'), ` ${seconds(each.duration_s)}`,
      each.first_s === null ? '' : `, first piece after ${seconds(each.first_s)}`),
    el('div', {class: 'dim'}, [
      each.prompt_tokens === null ? '' : `${count(each.prompt_tokens)} tokens in`,
      each.cached_tokens ? `${count(each.cached_tokens)} of them cached` : '',
      each.completion_tokens === null ? '' : `${count(each.completion_tokens)} out`,
      each.sent_bytes ? `${bytes(each.sent_bytes)} sent` : '',
      each.attempts > 1 ? `${each.attempts} attempts` : '',
      each.finish ? `ended: ${each.finish}` : ''].filter(Boolean).join(', ')),
    each.prefix_share === null ? null : el('div', {class: 'share'},
      el('meter', {min: '0', max: '1', value: each.prefix_share,
        'aria-label': 'share that repeats the request before'}),
      ` ${Math.floor(1000 * each.prefix_share) / 10} % repeats the request before`),
    folded('Thinking', each.thinking))));
}

function variables(trace, index) {
  const known = new Map();
  trace.steps.slice(0, index + 1).forEach((step, at) => {
    for (const variable of step.variables || []) known.set(variable.name, {...variable, at});
  });
  if (!known.size) return null;
  const rows = [...known.values()].sort((a, b) => b.at - a.at);
  return block('Variables', el('table', {class: 'variables'},
    el('colgroup', null, el('col', {class: 'names'}), el('col')),
    el('thead', {class: 'unseen'}, el('tr', null, el('th', null, 'Name'), el('th', null, 'Value'))),
    el('tbody', null, rows.map((row) => el('tr', {class: row.at === index ? 'fresh' : ''},
      el('th', {scope: 'row'}, row.name, row.at === index
        ? el('span', {class: 'unseen'}, ' (new or changed)') : ''),
      el('td', null, el('span', {class: 'type'}, row.type), ` ${row.text}`,
        row.nbytes > 1e5 ? el('span', {class: 'dim'}, ` ${bytes(row.nbytes)}`) : ''))))));
}

function toolCalls(step) {
  if (!step.calls.length) return null;
  const longest = Math.max(...step.calls.map((each) => each.duration_s), 1e-9);
  return block('Tool calls', step.calls.map((each) => el('div', {class: 'call'},
    el('div', {class: 'call-head'}, el('code', null, call(each)),
      el('span', {class: 'time'}, seconds(each.duration_s), each.ahead ? ', ran ahead' : '')),
    el('meter', {min: '0', max: '1', value: each.duration_s / longest, 'aria-hidden': 'true'}),
    each.error ? el('p', {class: 'fault'}, each.error) : null,
    el('p', {class: 'dim'}, Object.entries(each.values).map(
      ([name, value]) => `${name}: ${compact(value, 120)}`).join(' · ')),
    el('p', {class: 'dim'}, Object.entries(each.arrays).slice(0, 6).map(
      ([name, shape]) => `${name} ${shape.join('×')}`).join(' · ')))));
}

function faultBlock(fault) {
  return block('Error', el('div', {class: 'error'}, el('b', null, fault.kind),
    fault.line ? ` in line ${fault.line}: ` : ': ', fault.message),
  folded('Traceback', fault.traceback));
}

function stepSlide(trace, index) {
  const step = trace.steps[index];
  const main = [];
  if (step.malformed) {
    main.push(block('A reply that could not be read',
      el('pre', {class: 'plain', tabindex: '0'}, step.reply || '(empty)'),
      prose('What went back', step.feedback)));
  } else {
    main.push(el('div', {class: 'why'}, prose('Reasoning', step.reasoning),
      prose('Next goal', step.next_goal)));
    if (step.code) main.push(block('Code', codeBlock(step.code, step.error && step.error.line)));
  }
  if (step.restarted) {
    main.push(el('p', {class: 'fault'}, 'The kernel was replaced in this step.'));
  }
  if (step.stdout) {
    main.push(block('Output', el('pre', {class: 'plain out', tabindex: '0'}, step.stdout)));
  }
  if (step.error) main.push(faultBlock(step.error));
  if (step.images && step.images.length) {
    main.push(block('Shown', el('div', {class: 'shown'}, step.images.map((image) => {
      const words = image.label || 'picture of this step';
      const made = () => image.picture && el('img', {src: pictures[image.picture], alt: words});
      return el('figure', null, el('button', {type: 'button', class: 'picture',
        'aria-label': `Enlarge: ${words}`, onclick: () => enlarge([made()], words)}, made()),
      el('figcaption', null, image.label));
    }))));
  }
  if (!step.malformed) main.push(folded('What went back to the model', step.feedback));
  if (!step.ran) main.push(el('p', {class: 'fault'}, 'The query ended in this step.'));
  const took = step.duration_s ? `ran ${seconds(step.duration_s)}` : '';
  return el('div', {class: 'slide split'}, el('div', {class: 'main'}, main),
    el('aside', {class: 'side'}, took ? el('p', {class: 'dim'}, took) : null, toolCalls(step),
      variables(trace, index), requests([step.exchange, ...step.looks])));
}

function answerSlide(trace) {
  const sigma = trace.sigma === null || trace.sigma === undefined
    ? '' : ` ± ${Number(trace.sigma.toPrecision(2))} ${trace.unit}`;
  const main = [el('div', {class: `answer ${statusKind(trace)}`},
    el('span', {class: 'badge'}, statusText(trace)),
    trace.stage ? el('span', {class: 'dim'}, ` stopped in the stage “${trace.stage}”`) : '',
    el('p', {class: 'value'}, trace.answer, el('span', {class: 'sigma'}, sigma)))];
  const [a, b] = trace.points.filter(finite);
  const apart = trace.points.length === 2 && a && b ? `${norm(sub(a, b)).toFixed(3)} m` : '';
  const scene = trace.objects.length || trace.points.length || trace.scene.points;
  if (scene) {
    const view = new SceneView(trace, apart);
    const toggle = (words, colour, change) => el('label', {class: 'toggle'},
      el('input', {type: 'checkbox', checked: true, onchange: (event) => {
        change(event.target.checked);
        view.draw();
      }}), colour ? swatch(colour) : '', words);
    main.push(block('What it rests on', view.canvas, el('div', {class: 'legend'},
      trace.objects.map((item, number) => toggle(
        `${item.label}, ${counted(item.count, 'point', 'points')}`, item.colour,
        (on) => (on ? view.hidden.delete(number) : view.hidden.add(number)))),
      trace.scene.points ? toggle('scene', '', (on) => { view.showScene = on; }) : '',
      el('button', {type: 'button', class: 'small', onclick: () => {
        view.eye.reset();
        view.draw();
      }}, 'Reset view'),
      el('span', {class: 'dim'}, 'drag or arrow keys turn, wheel or + − zoom'))));
  }
  const masks = gallery(trace, true);
  if (masks) main.push(block('Masks', masks));
  const side = [];
  if (trace.points.length) {
    side.push(block(trace.points.length === 2 ? 'Measured between' : 'Points',
      el('ul', {class: 'points'}, trace.points.slice(0, 12).map((point) => el('li', null,
        `(${point.map((c) => (c === null ? '–' : c.toFixed(3))).join(', ')}) m`))),
      apart ? el('p', null, `${apart} apart`) : ''));
  }
  const boxed = trace.objects.filter((item) => finite(item.size));
  if (boxed.length) {
    side.push(block('Boxes', el('ul', {class: 'points'}, boxed.map((item) => el('li', null,
      swatch(item.colour), `${item.label}: `,
      `${item.size.map((c) => c.toFixed(2)).join(' × ')} m`)))));
  }
  if (trace.scale_source) side.push(block('Metres from', el('p', null, trace.scale_source)));
  if (trace.notes.length) {
    side.push(block('Notes', el('ul', {class: 'notes'}, trace.notes.map((n) => el('li', null, n)))));
  }
  return el('div', {class: 'slide split'}, el('div', {class: 'main'}, main),
    el('aside', {class: 'side'}, side));
}

function swatch(colour) {
  const made = el('span', {class: 'swatch'});
  made.style.background = colour;
  return made;
}
