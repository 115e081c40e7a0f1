/* Pointing at an item lights up what has a key in common with it, in every column; a click keeps
 * it lit and brings the first of each other column into view. */
(function () {
  var byKey = new Map(), lit = [], pinned = null;
  var split = function (s) { return (s || '').split(' ').filter(Boolean); };
  document.querySelectorAll('.item').forEach(function (item) {
    split(item.dataset.k).forEach(function (k) {
      if (!byKey.has(k)) byKey.set(k, []);
      byKey.get(k).push(item);
    });
  });
  function related(item) {
    var all = new Set([item]);
    split(item.dataset.p || item.dataset.k).forEach(function (k) {
      (byKey.get(k) || []).forEach(function (other) { all.add(other); });
    });
    return Array.from(all);
  }
  function clear() { lit.forEach(function (i) { i.classList.remove('lit'); }); lit = []; }
  function show(item) {
    clear();
    lit = related(item);
    lit.forEach(function (i) { i.classList.add('lit'); });
  }
  /* The browser lays out what comes near the window, and so knows only then where all is. */
  function bring(item, times) {
    var seen = new Set([item.closest('section')]);
    related(item).forEach(function (i) {
      var section = i.closest('section');
      if (seen.has(section)) return;
      seen.add(section);
      section.scrollTop += i.getBoundingClientRect().top - section.getBoundingClientRect().top - 60;
    });
    if (times > 1 && item === pinned) requestAnimationFrame(function () { bring(item, times - 1); });
  }
  function pin(item) {
    if (pinned) pinned.classList.remove('pin');
    pinned = item === pinned ? null : item;
    if (!pinned) return;
    pinned.classList.add('pin');
    show(item);
    bring(item, 2);
  }
  window.addEventListener('beforeprint', function () {
    document.querySelectorAll('details.panel').forEach(function (d) { d.open = true; });
  });
  document.addEventListener('mouseover', function (e) {
    var item = e.target.closest('.item');
    if (item && !pinned) show(item);
    else if (!item && !pinned) clear();
  });
  document.addEventListener('click', function (e) {
    if (e.target.closest('summary')) return;
    var link = e.target.closest('a[href]');
    var item = link ? document.getElementById(link.hash.slice(1)) : e.target.closest('.item');
    if (item && !(link && item === pinned)) pin(item);
  });
})();
