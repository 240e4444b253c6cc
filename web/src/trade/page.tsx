import { Chain } from "./chain.tsx";
import { OrderForm } from "./order.tsx";
import { Payoff } from "./payoff.tsx";
import { Review } from "./review.tsx";

export function TradePage() {
  return (
    <div class="columns trade">
      <Chain />
      <OrderForm />
      <Payoff />
      <Review />
    </div>
  );
}
