(width) => {
  const said = [];
  const rgb = (s) => (s.match(/[\d.]+/g) || []).map(Number);
  const opaque = (c) => c.length === 3 || c[3] > 0;
  const luminance = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (opaque(c)) return c;
    }
    return [255, 255, 255];
  };
  const wide = (when) => {
    const has = document.scrollingElement.scrollWidth;
    if (has > width) said.push(`${when} it is ${has} wide, and the screen ${width}`);
  };

  const verdict = document.querySelector('h1').getBoundingClientRect();
  if (verdict.height === 0 || verdict.top < 0 || verdict.bottom > innerHeight) said.push('the verdict is not in sight');
  const dark = matchMedia('screen and (prefers-color-scheme: dark)').matches;
  if (luminance(behind(document.body)) > 0.5 === dark) said.push(`its ground is ${getComputedStyle(document.documentElement).backgroundColor}, dark wanted: ${dark}`);
  wide('folded');
  for (const d of document.querySelectorAll('details')) d.open = true;
  wide('unfolded');

  const seen = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !e.checkVisibility() || e.tagName === 'title') continue;
    const style = getComputedStyle(e);
    const front = rgb(e.tagName === 'text' ? style.fill : style.color);
    const [a, b] = [luminance(front), luminance(behind(e))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    const what = `${e.tagName}.${e.getAttribute('class') || ''} has contrast ${contrast.toFixed(1)}`;
    if (contrast < 4.5 && !seen.has(what)) said.push(what);
    seen.add(what);
    if (parseFloat(style.fontSize) < 11) said.push(`${e.tagName} is ${style.fontSize} small`);
  }

  for (const pre of [...document.querySelectorAll('pre')].slice(0, 20)) {
    getSelection().selectAllChildren(pre);
    if (getSelection().toString().trim() !== pre.textContent.trim()) said.push(`${pre.textContent} is copied as ${getSelection().toString()}`);
  }
  getSelection().removeAllRanges();
  for (const d of document.querySelectorAll('details')) d.open = false;
  return said;
}
