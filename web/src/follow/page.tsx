import { signer } from "../state/session.ts";
import { Empty, Section } from "../ui/parts.tsx";
import { Balances, Positions } from "./holdings.tsx";
import { Intents } from "./intents.tsx";

export function FollowPage() {
  if (!signer.value)
    return (
      <Section title="Follow">
        <Empty>Connect a wallet to follow your intents, positions and balances.</Empty>
      </Section>
    );
  return (
    <div class="columns">
      <div>
        <Intents />
      </div>
      <div>
        <Balances />
        <Positions />
      </div>
    </div>
  );
}
