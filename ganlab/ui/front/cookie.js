// A cookie for the app's own pages, which may lie below a sub-path, that no other site's requests carry.

export default function ({ data }) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${data.name}=${data.value}; Path=${new URL(".", document.baseURI).pathname}; SameSite=Strict${secure}`;
}
