// The search of the index. Without it the page is complete: everything is in sight.
(() => {
'use strict';
const cards = [...document.querySelectorAll('.cards li')];
const sections = [...document.querySelectorAll('main section')];
const field = document.createElement('input');
field.type = 'search';
field.placeholder = 'Search scenarios and patterns';
field.setAttribute('aria-label', field.placeholder);
const count = document.createElement('span');
count.setAttribute('role', 'status');
const row = document.createElement('div');
row.className = 'search';
row.append(field, count);
document.querySelector('header').append(row);

function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const card of cards) {
    card.hidden = !words.every(word => card.dataset.words.includes(word));
    found += card.hidden ? 0 : 1;
  }
  for (const section of sections) section.hidden = !section.querySelector('li:not([hidden])');
  count.textContent = words.length ? `${found} of ${cards.length}` : '';
}

field.addEventListener('input', search);
field.addEventListener('keydown', event => {
  const first = cards.find(card => !card.hidden);
  if (event.key === 'Enter' && first) location.href = first.querySelector('a').href;
});
addEventListener('keydown', event => {
  if (event.key === '/' && document.activeElement !== field) {
    event.preventDefault();
    field.focus();
  }
});
// A browser keeps the text when the reader comes back.
search();
})();
