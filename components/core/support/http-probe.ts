/**
 * Asks over HTTP, by bash alone: for images without a program that speaks HTTP. It passes when the status is 200; any other answer
 * is the probe's output.
 *
 * @param header sent with the content of a file. bash itself reads and sends it, so that no process has it in its arguments.
 */
export const httpProbe = (
  host: string,
  port: number,
  path: string,
  header?: { name: string; file: string },
): string[] => {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: close",
    ...(header ? [`${header.name}: %s`] : []),
  ];
  return [
    "CMD",
    "bash",
    "-c",
    [
      `exec 3<>/dev/tcp/${host}/${port} || exit 1`,
      `printf '${lines.join("\\r\\n")}\\r\\n\\r\\n'${header ? ` "$(<${header.file})"` : ""} >&3`,
      "read -r answer <&3",
      'case $answer in "HTTP/1.1 200 "*) ;; *) echo "$answer"; exit 1 ;; esac',
    ].join("\n"),
  ];
};
