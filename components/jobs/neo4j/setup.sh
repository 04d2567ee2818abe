# Runs in the container of a Neo4jSetup: bash setup.sh OPTIONS…, those of cypher-shell.
# One cypher-shell runs all files, because each would start a Java of its own; here its output is assigned to the files.
set -euo pipefail

# cypher-shell takes a password from its environment or its arguments, and arguments are in the process list.
NEO4J_PASSWORD=$(</run/secrets/password)
export NEO4J_PASSWORD

file='' last='' code='' other=''
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
    stackyard_file)
      IFS= read -r file
      file=${file#\"} file=${file%\"}
      [ -z "$file" ] || echo "$file"
      ;;
    *' stackyard_user"') other=${line#\"} other=${other% stackyard_user\"} ;;
    'stackyard exit '*) code=${line##* } ;;
    *)
      printf '%s\n' "$line"
      [ -z "$line" ] || last=$line
      ;;
  esac
done < <(
  ended=0
  cypher-shell "$@" --file=/run/files/all 2>&1 || ended=$?
  printf 'stackyard exit %s\n' "$ended"
)

[ "$code" != 0 ] || [ -n "$file" ] || exit 0
if [ -z "$file" ]; then
  echo "cypher-shell ended before the first file." >&2
elif [ -n "$other" ]; then
  echo "$file signs in as $other (:connect), and the next file would be run by that user. Sign in again as before at its end." >&2
elif [ "$last" = 'There is already an open transaction' ]; then
  echo "$file begins a transaction that it does not end: its work is lost. End it with :commit." >&2
elif [ "$code" = 0 ]; then
  echo "$file ends cypher-shell (:exit): what comes after that would not be run." >&2
else
  echo "$file failed." >&2
fi
exit 1
