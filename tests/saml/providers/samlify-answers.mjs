// An identity provider that npm's `samlify` makes: its metadata and its answers. Nothing of Sentinel is in it.
//
// As a program it reads one question a line, `{"provider": {…}}` first and then `{"answer": {…}}`, and prints one answer a
// line: that is how the corpus's generator, in Python, asks it.
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import saml from "samlify";

const { IdentityProvider, ServiceProvider, SamlLib, Constants } = saml;

// It says of every provider without it that there is no single logout.
console.warn = () => {};

// It insists on a validator of schemas, of which it has none; requests are verified by their signatures here.
saml.setSchemaValidator({ validate: async () => "not validated" });

export const RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const OAEP = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);

/** The template's statements: samlify writes one value an attribute, people are in several groups. */
function statements(attributes, now) {
  const value = (text) =>
    `<saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">${escaped(text)}</saml:AttributeValue>`;
  const each = Object.entries(attributes).map(
    ([name, values]) => `<saml:Attribute Name="${escaped(name)}" NameFormat="${URI}">${values.map(value).join("")}</saml:Attribute>`,
  );
  return {
    AuthnStatement: `<saml:AuthnStatement AuthnInstant="${now}" SessionIndex="_${crypto.randomUUID()}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`,
    AttributeStatement: each.length ? `<saml:AttributeStatement>${each.join("")}</saml:AttributeStatement>` : "",
  };
}

/** `keys`: `{ name: { private, der } }`, the first being the usual one; `serviceProviders`: their metadata, by entity id. */
export class Provider {
  constructor({ entityId, ssoUrl, keys, serviceProviders = {}, minutes = 10 }) {
    Object.assign(this, { entityId, ssoUrl, keys, serviceProviders, minutes });
  }

  /** It cannot sign where its metadata has several certificates: what signs knows its own alone. */
  #entity(name, more = {}) {
    return IdentityProvider({
      entityID: this.entityId,
      signingCert: this.keys[name].der,
      privateKey: this.keys[name].private,
      wantAuthnRequestsSigned: true,
      nameIDFormat: [EMAIL],
      singleSignOnService: ["redirect", "post"].map((binding) => ({ Binding: Constants.namespace.binding[binding], Location: this.ssoUrl })),
      ...more,
    });
  }

  metadata() {
    const signingCert = Object.values(this.keys).map(({ der }) => der);
    return this.#entity(Object.keys(this.keys)[0], { signingCert }).getMetadata();
  }

  /** What a request asks for, or an error where its signature is not its sender's. */
  async request(binding, request, sp) {
    const { extract } = await this.#entity(Object.keys(this.keys)[0]).parseLoginRequest(this.#serviceProvider(sp), binding, request);
    return extract;
  }

  /** Where a service provider's metadata wants its answers. */
  acs(sp) {
    return this.#serviceProvider(sp).entityMeta.getAssertionConsumerService("post");
  }

  #serviceProvider(sp, more = {}) {
    return ServiceProvider({ metadata: this.serviceProviders[sp], ...more });
  }

  /**
   * A response as XML. `sign`: `assertion`, `response`, `both` or `none`; `encrypt`: the data's algorithm, or both algorithms.
   * `prefixes`: samlify's `{ protocol, assertion }`.
   */
  async answer({ sp, requestId, attributes, subject, form = EMAIL, key, sign = "assertion", encrypt, algorithm = RSA_SHA256, transforms, prefixes, layout }) {
    const name = key ?? Object.keys(this.keys)[0];
    const [data, transport = OAEP] = [encrypt ?? []].flat();
    const target = this.#serviceProvider(sp, { wantMessageSigned: ["response", "both"].includes(sign), transformationAlgorithms: transforms });
    target.entityMeta.isWantAssertionsSigned = () => ["assertion", "both"].includes(sign);
    const idp = this.#entity(name, {
      requestSignatureAlgorithm: algorithm,
      isAssertionEncrypted: data !== undefined,
      dataEncryptionAlgorithm: data,
      keyEncryptionAlgorithm: transport,
      ...(prefixes ? { tagPrefix: prefixes } : {}),
    });
    const moment = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
    const now = moment(0);
    const parts = statements(attributes, now);
    const acs = target.entityMeta.getAssertionConsumerService("post");
    const fill = (template) => {
      const prefix = prefixes?.assertion ?? "saml";
      const rebound = (xml) => xml.replaceAll("<saml:", `<${prefix}:`).replaceAll("</saml:", `</${prefix}:`);
      const whole = template.replace("{AuthnStatement}", rebound(parts.AuthnStatement)).replace("{AttributeStatement}", rebound(parts.AttributeStatement));
      const context = SamlLib.replaceTagsByValue(whole, {
        ID: `_${crypto.randomUUID()}`,
        AssertionID: `_${crypto.randomUUID()}`,
        Destination: acs,
        Audience: target.entityMeta.getEntityID(),
        SubjectRecipient: acs,
        Issuer: this.entityId,
        IssueInstant: now,
        StatusCode: Constants.StatusCode.Success,
        ConditionsNotBefore: now,
        ConditionsNotOnOrAfter: moment(this.minutes),
        SubjectConfirmationDataNotOnOrAfter: moment(this.minutes),
        NameIDFormat: form,
        NameID: subject,
        // Left out where it is undefined: an answer that nobody asked for.
        InResponseTo: requestId,
      });
      return { context: layout ? context.replaceAll("><", layout) : context };
    };
    // Whoever signs the whole message signs what is sent: the encrypted assertion.
    const options = { customTagReplacement: fill, encryptThenSign: data !== undefined };
    const { context } = await idp.createLoginResponse(target, { extract: { request: { id: requestId } } }, "post", { email: subject }, options);
    return Buffer.from(context, "base64").toString();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let provider;
  for await (const line of createInterface({ input: process.stdin })) {
    const { provider: made, answer } = JSON.parse(line);
    if (made) provider = new Provider(made);
    console.log(JSON.stringify({ xml: made ? provider.metadata() : await provider.answer(answer) }));
  }
}
