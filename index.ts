import { deploy } from "./components/index.ts";

export const { addresses, urls, apiKeys } = await deploy("stacks");
