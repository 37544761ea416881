// One product: its pictures, what is told of it, deleting it and taking that back.
import { ask, formOf, path, send, upload } from '../api.js'
import { openDialog } from '../dialog.js'
import { button, field, fill, h } from '../dom.js'
import { dropZone, onPaste } from '../drop.js'
import { attempt, notify, problem } from '../notices.js'
import { catalog, forget, remember } from '../shop.js'
import { day } from '../words.js'
import { attributeRows } from './attributes.js'
import { findingList } from './enrol.js'
import { byImage, keptOf, keptTile } from './outline.js'

/** Open a product to look at and to change; resolves when it is closed. */
export async function editProduct(productId, { onChanged }) {
  const address = path('catalogs', catalog(), 'products', productId)
  const found = await attempt(() => ask(address))
  if (!found) return undefined
  let stopPaste = () => {}
  const opened = openDialog(found.name, close => {
    const editor = new Editor(found, address, { close, onChanged })
    stopPaste = onPaste(files => editor.addPictures(files))
    return { body: editor.body, foot: editor.foot }
  })
  return opened.then(() => stopPaste())
}

/** Delete a product; it can be taken back while the notice is there, and from “Deleted” later. */
export async function removeProduct(product, { onChanged }) {
  const address = path('catalogs', catalog(), 'products', product.product_id)
  const written = await attempt(() => ask(address, { method: 'DELETE' }))
  if (!written) return false
  forget(product.product_id)
  onChanged(written.index_version)
  notify(`“${product.name}” was deleted.`, {
    undo: async () => {
      const back = await ask(`${address}/restore`, { method: 'POST' })
      onChanged(back.index_version)
      notify(`“${product.name}” is back.`)
    },
  })
  return true
}

class Editor {
  constructor(product, address, { close, onChanged }) {
    Object.assign(this, { product, address, close, onChanged })
    this.pictures = h('ul', { class: 'strip', 'aria-label': 'Pictures' })
    this.said = h('div', { class: 'stack' })
    this.name = h('input', { required: true, value: product.name, maxLength: 512 })
    this.description = h('textarea', { value: product.description, rows: 2 })
    this.attributes = attributeRows(product.attributes)
    const save = button('Save', null, { type: 'submit', look: 'main' })
    save.setAttribute('form', 'product')
    this.body = h(
      'div', { class: 'stack-wide' }, this.pictures,
      dropZone({ label: 'Add pictures', hint: 'or drop or paste them here', small: true, symbol: 'plus', onFiles: files => this.addPictures(files) }), this.said,
      h('form', { class: 'stack', id: 'product', on: { submit: event => this.save(event) } },
        field('Name', this.name), field('Description', this.description), this.attributes.element),
      h('p', { class: 'small faint break' }, `${product.product_id} · revision ${product.revision} · changed ${day(product.updated_at)}`),
    )
    this.foot = [button('Delete product', () => this.remove(), { look: 'danger push', symbol: 'trash' }), button('Cancel', close), save]
    this.foot[0].classList.add('push')
    this.kept = new Map()
    this.showPictures()
    this.readKept()
  }

  showPictures() {
    const { images } = this.product
    fill(this.pictures, images.map(image => keptTile(
      this.product, image, this.kept.get(image.image_id), { onWritten: written => this.took(written) },
      images.length > 1 && button(`Remove ${image.source_name}`, () => this.removePicture(image), { look: 'small', symbol: 'trash', iconOnly: true }),
    )))
  }

  async readKept() {
    try {
      this.kept = await keptOf(this.product.product_id)
    } catch { // of other networks: the pictures are shown without it
      return
    }
    this.showPictures()
  }

  took(written) {
    this.product = written.product
    byImage(written.kept).forEach((kept, id) => this.kept.set(id, kept))
    remember([written.product])
    this.onChanged(written.index_version)
    this.showPictures()
  }

  async addPictures(files) {
    const bar = h('progress', { max: 1, 'aria-label': 'Progress' })
    fill(this.said, bar)
    try {
      const written = await upload(`${this.address}/images`, formOf({ images: files }), { onProgress: share => { bar.value = share * 0.7 } })
      this.took(written)
      fill(this.said, written.findings?.length ? findingList(written.findings) : null, written.notes?.map(note => h('p', { class: 'small quiet' }, note)))
    } catch (error) {
      fill(this.said, problem(error))
    }
  }

  async removePicture(image) {
    const written = await attempt(async () => (await send(`${this.address}/images/${image.image_id}`, { method: 'DELETE' })).json())
    if (written) this.took(written)
  }

  async save(event) {
    event.preventDefault()
    const attributes = this.attributes.read()
    const gone = Object.keys(this.product.attributes).filter(key => !(key in attributes))
    const json = {
      name: this.name.value.trim(), description: this.description.value.trim(),
      attributes: { ...attributes, ...Object.fromEntries(gone.map(key => [key, null])) },
    }
    try {
      const headers = { 'If-Match': `"${this.product.revision}"` }
      this.took(await ask(this.address, { method: 'PATCH', json, headers }))
      this.close()
      notify(`“${this.product.name}” is saved.`)
    } catch (error) {
      const stale = error.status === 412
      fill(this.said, problem(stale ? { status: 412, message: 'Somebody else changed this product meanwhile; close it and open it again to see what is new.' } : error))
    }
  }

  async remove() {
    if (await removeProduct(this.product, { onChanged: this.onChanged })) this.close()
  }
}
