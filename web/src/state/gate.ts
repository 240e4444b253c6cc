/** The last gate before anything is signed. */
import type { Domain } from "../core/intents.ts";
import { Distrust } from "../core/trust.ts";
import { distrust, domain, isMoved } from "./relays.ts";

/** The domain to sign in; throws {@link Distrust} unless all that is known of it agrees. */
export function trustedDomain(): Domain {
  if (distrust.value) throw new Distrust(distrust.value);
  if (isMoved.value) throw new Distrust("The relay settles on another contract than before. Look at the notice above.");
  if (!domain.value) throw new Distrust("The relay has not said yet where it settles.");
  return domain.value;
}

