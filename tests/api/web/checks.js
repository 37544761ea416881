// What must hold of every view; gives sentences about what does not.
() => {
  const wrong = []
  const isShown = element => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !element.closest('[hidden], .hidden-label')
  const where = element => `<${element.tagName.toLowerCase()} class="${element.className.baseVal ?? element.className}"> ${element.textContent.trim().slice(0, 40)}`

  const nameOf = element => {
    const by = (element.getAttribute('aria-labelledby') ?? '').split(' ').map(id => document.getElementById(id)?.textContent ?? '').join('')
    return (element.getAttribute('aria-label') || by || [...(element.labels ?? [])].map(one => one.textContent).join('') || element.textContent).trim()
  }
  for (const element of document.querySelectorAll('button, a, input, select, textarea, progress, dialog, [role="slider"], [role="img"], canvas, video')) {
    if (!nameOf(element)) wrong.push(`has no name: ${where(element)}`)
  }
  for (const image of document.querySelectorAll('img:not([alt])')) wrong.push(`has no alt: ${where(image)}`)
  for (const element of document.querySelectorAll('button, a, select, input')) {
    const { width, height } = element.getBoundingClientRect()
    const isInline = getComputedStyle(element).display === 'inline'
    if (isShown(element) && !isInline && element.type !== 'checkbox' && Math.min(width, height) < 24 && !element.matches('.skip')) wrong.push(`is smaller than a finger: ${where(element)}`)
  }
  if (document.querySelectorAll('h1').length !== 1) wrong.push(`there are ${document.querySelectorAll('h1').length} h1`)
  const ids = [...document.querySelectorAll('[id]')].map(one => one.id)
  for (const id of new Set(ids.filter((one, index) => ids.indexOf(one) !== index))) wrong.push(`two elements are called ${id}`)
  if (document.documentElement.scrollWidth > window.innerWidth) wrong.push('the page scrolls sideways')
  for (const element of document.querySelectorAll('[style]')) {
    if (/url|expression/.test(element.getAttribute('style'))) wrong.push(`has an address in its style: ${where(element)}`)
  }

  const numbers = text => text.match(/[\d.]+/g).map(Number)
  const brightness = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(one => one / 255).map(one => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    return 0.2126 * x + 0.7152 * y + 0.0722 * z
  }
  const groundOf = element => {
    for (let one = element; one; one = one.parentElement) {
      const [r, g, b, a = 1] = numbers(getComputedStyle(one).backgroundColor)
      if (a === 1) return [r, g, b]
    }
    return [255, 255, 255]
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  let checked = 0
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement
    if (!walker.currentNode.data.trim() || !isShown(element) || element.closest('option, script, style, :disabled, .skip')) continue
    const { color, fontSize, fontWeight } = getComputedStyle(element)
    const [one, other] = [brightness(numbers(color)), brightness(groundOf(element))]
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
    const isLarge = parseFloat(fontSize) >= 24 || (parseFloat(fontSize) >= 18.66 && fontWeight >= 700)
    checked++
    if (ratio < (isLarge ? 3 : 4.5)) wrong.push(`contrast ${ratio.toFixed(2)}: ${where(element)}`)
  }
  if (!checked) wrong.push('there is no text')
  return wrong
}
