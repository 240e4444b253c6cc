import "./amounts.test.ts";
import "./instruments.test.ts";
import "./intents.test.ts";
import "./market.test.ts";
import "./payoff.test.ts";
