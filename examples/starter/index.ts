import { deploy } from "stackyard";

export const { addresses, urls, apiKeys } = await deploy("stacks");
