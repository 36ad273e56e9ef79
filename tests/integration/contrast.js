// Text that stands out less from its ground than WCAG 2.2 asks for: 4.5, or 3 where it is large.
// https://www.w3.org/TR/WCAG22/#contrast-minimum and https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  // The nearest shape painted before a text of a drawing, in its own group; else what HTML lies beneath.
  const shape = (element) => {
    let found = null;
    for (let at = element.previousElementSibling; at && !found; at = at.previousElementSibling) {
      if (/^(rect|circle)$/.test(at.tagName)) {
        const a = at.getBoundingClientRect(), b = element.getBoundingClientRect();
        const x = (b.left + b.right) / 2, y = (b.top + b.bottom) / 2;
        if (a.left <= x && x <= a.right && a.top <= y && y <= a.bottom) found = at;
      }
    }
    return found;
  };
  const ground = (element) => {
    const layers = [];
    const painted = element instanceof SVGElement && shape(element);
    if (painted) layers.push(rgba(getComputedStyle(painted).fill));
    for (let at = element; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.data.trim();
    if (!text || /^(SCRIPT|STYLE|TITLE)$/i.test(element.tagName) || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const under = ground(element);
    const own = rgba(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [luminance(over(own, under)), luminance(under)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const pixels = parseFloat(style.fontSize);
    const large = pixels >= 24 || (pixels >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) faint.push(`${text.slice(0, 40)} ${ratio.toFixed(2)}`);
  }
  return faint;
}
