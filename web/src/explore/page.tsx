import { BatchTable } from "./batches.tsx";
import { Oracle } from "./oracle.tsx";
import { Relays } from "./relays.tsx";

export function ExplorePage() {
  return (
    <div class="columns">
      <div>
        <BatchTable />
      </div>
      <div>
        <Relays />
        <Oracle />
      </div>
    </div>
  );
}
