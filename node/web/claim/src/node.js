// The node that served the page, as the page asks it.  docs/spec/api.md, "Claims".

const ANSWER_TIMEOUT_MS = 20_000;

// No answer, or none that is one: nothing is known, and trying again is harmless.
export class Trouble extends Error {}

async function json(response) {
  try {
    return await response.json();
  } catch {
    throw new Trouble("no JSON");
  }
}

export class Node {
  constructor(fetch) {
    this.fetch = fetch;
  }

  // {status, body, retryAfterMs}; throws Trouble.
  async ask(address, options = {}) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), ANSWER_TIMEOUT_MS);
    try {
      const response = await this.fetch(address, {
        ...options,
        cache: "no-store",
        credentials: "omit",
        referrerPolicy: "no-referrer",
        redirect: "error",
        signal: abort.signal,
      });
      const seconds = Number(response.headers.get("retry-after")) || 1;
      return {
        status: response.status,
        body: await json(response),
        retryAfterMs: Math.min(Math.max(seconds, 1), 60) * 1000,
      };
    } catch (error) {
      throw error instanceof Trouble ? error : new Trouble(String(error));
    } finally {
      clearTimeout(timer);
    }
  }

  code(link) {
    const store = link.store ? `?store=${link.store}` : "";
    return this.ask(`/v1/codes/${link.gtin}/${encodeURIComponent(link.serial)}${store}`);
  }

  submit(signed) {
    return this.ask("/v1/claims", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(signed),
    });
  }

  // What became of a claim that was pending.
  claim(batch, index, id) {
    return this.ask(`/v1/claims/${batch}/${index}?claim=${id}`);
  }
}
