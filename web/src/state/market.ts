/** The market, read again every few seconds while somebody looks. */
import { computed, signal } from "@preact/signals";
import { Problem } from "../api/relay.ts";
import { readMarket, type Market } from "../core/market.ts";
import { own } from "./relays.ts";

const EVERY_MS = 5_000;

export const market = signal<Market>({
  reportSeconds: undefined, spots: new Map(), quotes: new Map(), forwards: new Map(),
});
export const marketTrouble = signal("");
/** This device's clock, once a second. */
export const nowSeconds = signal(Math.floor(Date.now() / 1000));
export const isKnown = computed(() => market.value.quotes.size > 0);

export async function readNow(): Promise<void> {
  try {
    const { relay } = own.value;
    const [instruments, report] = await Promise.all([
      relay.instruments(),
      relay.report().catch((error) => {
        if (error instanceof Problem && error.code === "report_unknown") return undefined;
        throw error;
      }),
    ]);
    market.value = readMarket(instruments, report);
    marketTrouble.value = "";
  } catch (error) {
    marketTrouble.value = error instanceof Problem ? error.message : "The relay's market makes no sense.";
  }
}

export function keepReading(): void {
  const again = async () => {
    if (!document.hidden) await readNow();
    setTimeout(again, EVERY_MS);
  };
  void again();
  document.addEventListener("visibilitychange", () => void (document.hidden || readNow()));
  setInterval(() => (nowSeconds.value = Math.floor(Date.now() / 1000)), 1_000);
}
