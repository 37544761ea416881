// Builds elements; nothing here ever parses HTML, so text from people stays text.

/**
 * An element. `props`: `on` holds listeners, `data` the dataset, `class` the classes; properties of
 * the element are set as such, everything else as an attribute. Children may be nested lists;
 * null and false are left out.
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue
    if (name === 'on') {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener)
    } else if (name === 'data') Object.assign(element.dataset, value)
    else if (name === 'class') element.className = value
    else if (name in element && !name.startsWith('aria') && name !== 'list') element[name] = value
    else element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...known(children))
  return element
}

/** One of the symbols of icons.svg, as decoration. */
export function icon(name, className = '') {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use')
  svg.setAttribute('class', `icon ${className}`)
  svg.setAttribute('aria-hidden', 'true')
  use.setAttribute('href', `icons.svg#${name}`)
  svg.append(use)
  return svg
}

/** Put other children into an element. */
export function fill(element, ...children) {
  element.replaceChildren(...known(children))
  return element
}

/** A button with a name, and perhaps an icon in front of it. */
export function button(label, act, { look = '', symbol = '', iconOnly = false, ...props } = {}) {
  const className = ['button', ...look.split(' ').filter(Boolean).map(one => `button-${one}`), iconOnly && 'button-icon']
  return h(
    'button',
    {
      type: 'button', class: className.filter(Boolean).join(' '), on: act && { click: act },
      'aria-label': iconOnly ? label : undefined, title: iconOnly ? label : undefined, ...props,
    },
    symbol && icon(symbol), !iconOnly && label,
  )
}

/** A labelled control; the label is tied to it by id. */
export function field(label, control, hint = '') {
  control.id ||= `field-${++fields}`
  if (hint) control.setAttribute('aria-describedby', `${control.id}-hint`)
  return h(
    'div', { class: 'field' },
    h('label', { htmlFor: control.id }, label), control,
    hint && h('p', { class: 'small faint', id: `${control.id}-hint` }, hint),
  )
}

/** Run at most once in so many milliseconds, the last call always. */
export function calm(milliseconds, act) {
  let timer = 0
  return (...given) => {
    clearTimeout(timer)
    timer = setTimeout(() => act(...given), milliseconds)
  }
}

let fields = 0

function known(children) {
  return children.flat(3).filter(child => child !== null && child !== undefined && child !== false && child !== '')
}
