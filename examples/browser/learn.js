/* Digits, learned by the module: the same in a page and, as node learn.js, without one. */
'use strict';

/* Rows of 64 pixels and the digit they show. */
function read(csv) {
    const row = csv.trim().split('\n').map(line => line.split(',').map(Number));
    return row.map(r => ({pixels: r.slice(0, 64), digit: r[64]}));
}

/* A permutation, always the same one: the generator of Numerical Recipes. */
function shuffle(list, seed) {
    let state = seed >>> 0;
    for (let i = list.length - 1; i > 0; i--) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        const k = Math.floor(state / 2 ** 32 * (i + 1));
        [list[i], list[k]] = [list[k], list[i]];
    }
}

/* Images first, first + 1, ... into the module's memory; their number. */
function fill(m, images, first) {
    const n = Math.min(m.batch(), images.length - first);
    const pixels = new Uint8Array(m.memory.buffer, m.pixels(), 64 * n);
    const labels = new Int32Array(m.memory.buffer, m.labels(), n);
    for (let i = 0; i < n; i++) {
        pixels.set(images[first + i].pixels, 64 * i);
        labels[i] = images[first + i].digit;
    }
    return n;
}

function accuracy(m, images) {
    let right = 0;
    for (let first = 0; first < images.length; first += m.batch()) {
        const n = fill(m, images, first);
        right += m.accuracy(n) * n;
    }
    return right / images.length;
}

/* Calls tell(epoch, loss, accuracy) after each epoch and waits for it. */
async function learn(wasm, train, test, epochs, tell) {
    const {instance} = await WebAssembly.instantiate(wasm);
    const m = instance.exports;
    m.start(epochs * Math.ceil(train.length / m.batch()));
    for (let epoch = 1; epoch <= epochs; epoch++) {
        let sum = 0;
        shuffle(train, epoch);
        for (let first = 0; first < train.length; first += m.batch()) {
            const n = fill(m, train, first);
            sum += m.step(n) * n;
        }
        await tell(epoch, sum / train.length, accuracy(m, test));
    }
}

if (typeof require === 'function' && require.main === module) {
    const fs = require('fs'), [wasm, train, test] = process.argv.slice(2);
    learn(fs.readFileSync(wasm), read(fs.readFileSync(train, 'utf8')),
          read(fs.readFileSync(test, 'utf8')), 20,
          (epoch, loss, right) => console.log(
              `epoch ${epoch}  loss ${loss.toFixed(4)}  accuracy ${right.toFixed(4)}`));
}
