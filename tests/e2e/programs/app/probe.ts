const response = await fetch(`http://127.0.0.1:${process.env.PORT}/`);
console.log(await response.text());
process.exit(response.ok ? 0 : 1);
