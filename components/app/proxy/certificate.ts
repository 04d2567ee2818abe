import { createPrivateKey, X509Certificate } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { valueOf } from "../../core/member.ts";
import type { Platform } from "../../core/platform.ts";
import { hidden, markOf } from "../../core/secret.ts";
import { ArgsError } from "../../core/support/args.ts";
import { originsOf } from "../../core/support/origin.ts";

/** A certificate and its key, which belong together. */
export class Certificate {
  /** Changes when one of them does, and tells nothing of the key. */
  readonly mark: pulumi.Output<string>;
  readonly #both: pulumi.Output<[certificate: string, key: string]>;
  readonly #subject: string;

  /**
   * What is known of both before anything is made is checked by then.
   *
   * @param subject for messages: `ReverseProxy "proxy"`.
   */
  constructor(
    subject: string,
    platform: Platform,
    given: { certificate: pulumi.Input<string>; key: pulumi.Input<string> },
  ) {
    const [certificate, key] = [pulumi.output(given.certificate), hidden(platform, given.key)];
    this.#subject = subject;
    this.#both = pulumi.all([certificate, key]);
    this.mark = markOf(certificate, key);
    if (originsOf(this.#both).length === 0) platform.check(this.read());
  }

  /** @throws ArgsError when the key is not that of the certificate. */
  async read(): Promise<[certificate: string, key: string]> {
    const both = await valueOf(this.#both);
    const fault = misfit(...both);
    if (fault !== undefined) throw new ArgsError(`${this.#subject} has bad arguments`, [fault]);
    return both;
  }
}

/** @returns what is wrong with a certificate and its key; undefined when they belong together. */
export function misfit(certificate: string, key: string): string | undefined {
  const own = parsed(() => new X509Certificate(certificate));
  if (!own) return "tls.certificate: should be certificates in PEM format, got something else";
  const secret = parsed(() => createPrivateKey(key));
  if (!secret) return "tls.key: should be a private key in PEM format, without a passphrase, got something else";
  if (own.checkPrivateKey(secret)) return undefined;
  return `tls.key: should be the key of the first certificate (${own.subject.replaceAll("\n", ", ")}), got another one`;
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
