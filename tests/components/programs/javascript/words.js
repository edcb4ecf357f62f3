// An index of the words of a text: see ../words.wit.
import log from "log";

class Index {
  constructor(text) {
    this.counts = new Map();
    for (const word of text.toLowerCase().match(/[a-zäöüß]+/g)) {
      this.counts.set(word, (this.counts.get(word) ?? 0) + 1);
    }
    log(`${this.counts.size} words`);
  }

  find(query) {
    const wanted = {
      all: () => true,
      prefix: (word) => word.startsWith(query.val),
      longer: (word) => word.length > query.val,
    }[query.tag];
    return [...this.counts].filter(([word]) => wanted(word)).map(([word, count]) => ({ word, count }));
  }

  count(word) {
    if (!this.counts.has(word)) {
      throw `no ${word} here`;
    }
    return this.counts.get(word);
  }
}

export const texts = { Index };

export function total(values) {
  return values.reduce((sum, value) => sum + value, 0);
}
