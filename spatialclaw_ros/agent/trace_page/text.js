// Copyright 2026 The spatialclaw_ros authors
// SPDX-License-Identifier: Apache-2.0
'use strict';

// What would turn lines around or can't be seen is shown by its code: code must read as it runs.
const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\u200b\ufeff]/g;

function visible(text) {
  return text.replace(UNSEEN, (each) => `⟨${each.charCodeAt(0).toString(16).padStart(4, '0')}⟩`);
}

// Makes an element. Texts become text nodes, never markup: they come from models and questions.
function el(tag, props, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'class') made.className = value;
    else if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? '' : visible(String(value)));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === '') continue;
    made.append(child instanceof Node ? child : document.createTextNode(visible(String(child))));
  }
  return made;
}

function seconds(value) {
  if (value === null || value === undefined) return '';
  if (value < 0.001) return `${Math.round(value * 1e6)} µs`;
  if (value < 1) return `${(value * 1000).toPrecision(value < 0.1 ? 2 : 3)} ms`;
  if (value < 120) return `${value.toFixed(value < 10 ? 2 : 1)} s`;
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

function bytes(value) {
  if (!value) return '';
  for (const [unit, size] of [['GB', 1e9], ['MB', 1e6], ['kB', 1e3]]) {
    if (value >= size) return `${(value / size).toPrecision(3)} ${unit}`;
  }
  return `${value} B`;
}

function count(value) {
  return value.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ' ');
}

function counted(number, one, many) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

const KEYWORDS = new Set(('False None True and as assert async await break class continue def del ' +
  'elif else except finally for from global if import in is lambda nonlocal not or pass raise ' +
  'return try while with yield match case').split(' '));
const KNOWN = new Set(('tools recon InputImages Metadata ReturnAnswer show vlm np print len range ' +
  'min max sum abs float int str list dict set tuple sorted enumerate zip').split(' '));
const PYTHON = new RegExp([
  '(?<comment>#[^\\n]*)',
  '(?<text>[rRbBfFuU]{0,2}(?:\'\'\'[\\s\\S]*?(?:\'\'\'|$)|"""[\\s\\S]*?(?:"""|$)|' +
    '\'(?:\\\\.|[^\'\\\\\\n])*\'?|"(?:\\\\.|[^"\\\\\\n])*"?))',
  '(?<number>\\b(?:0[xX][\\da-fA-F_]+|\\d[\\d_]*(?:\\.[\\d_]*)?(?:[eE][+-]?\\d+)?j?))',
  '(?<name>[A-Za-z_]\\w*)',
].join('|'), 'g');

// Splits Python into [kind, text]; what has no kind is ''. Joined again it is the code.
function tokens(code) {
  const found = [];
  let end = 0;
  for (const match of code.matchAll(PYTHON)) {
    if (match.index > end) found.push(['', code.slice(end, match.index)]);
    const groups = match.groups;
    let kind = Object.keys(groups).find((name) => groups[name] !== undefined);
    if (kind === 'name') {
      kind = KEYWORDS.has(match[0]) ? 'keyword' : KNOWN.has(match[0]) ? 'known' : '';
    }
    found.push([kind, match[0]]);
    end = match.index + match[0].length;
  }
  if (end < code.length) found.push(['', code.slice(end)]);
  return found;
}

// Lines of tokens: a token that spans lines is cut at their ends.
function tokenLines(code) {
  const lines = [[]];
  for (const [kind, text] of tokens(code.replace(/\n$/, ''))) {
    text.split('\n').forEach((part, index) => {
      if (index > 0) lines.push([]);
      if (part) lines[lines.length - 1].push([kind, part]);
    });
  }
  return lines;
}

function codeBlock(code, errorLine) {
  const rows = tokenLines(code).map((line, index) => el('span', {
    class: index + 1 === errorLine ? 'line wrong' : 'line',
  }, line.map(([kind, text]) => (kind ? el('span', {class: `t-${kind}`}, text) : text)), '\n'));
  const button = el('button', {type: 'button', class: 'small copy', onclick: () => {
    copy(code).then((done) => {
      button.textContent = done ? 'Copied' : 'Select and copy';
      setTimeout(() => { button.textContent = 'Copy'; }, 1500);
    });
  }}, 'Copy');
  return el('div', {class: 'code'}, button,
    el('pre', {tabindex: '0', role: 'region', 'aria-label': 'Code of this step'},
      el('code', null, rows)));
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch (error) {
    const area = el('textarea', {class: 'unseen'});
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

function compact(value, limit = 160) {
  let text = typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
  if (text === undefined) text = '';
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}

function call(each) {
  const given = Object.entries(each.args)
    .filter(([, value]) => value !== null && value !== undefined && compact(value) !== '[]')
    .map(([name, value]) => `${name}=${compact(value, 60)}`);
  return `${each.tool}(${given.join(', ')})`;
}
