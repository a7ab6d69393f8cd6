package manifest

import "testing"

// TestPlace holds the line that a reviewer is sent to against manifests as they come:
// rendered by Helm, with Windows' line ends, in lists and as JSON.
func TestPlace(t *testing.T) {
	hook := Name{"ValidatingWebhookConfiguration", "opa"}
	for name, c := range map[string]struct {
		content, webhook string
		of               Name
		line             int
		template         string
	}{
		"the object":         {webhook, "", hook, 1, ""},
		"the webhook":        {webhook, "a.example.org", hook, 5, ""},
		"no webhook of it":   {webhook, "b.example.org", hook, 1, ""},
		"another object":     {webhook, "", Name{"ValidatingWebhookConfiguration", "b"}, 0, ""},
		"the third document": {policy + "---\n" + binding + "---\n# Source: opa/templates/webhook.yaml\n" + webhook, "a.example.org", hook, 18, "opa/templates/webhook.yaml"},
		"after empty ones":   {"---\n\n---\n# nothing\n---\n" + webhook, "a.example.org", hook, 10, ""},
		"of Windows":         {crlf(policy + "---\n" + webhook), "a.example.org", hook, 12, ""},
		"of a list": {`apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfigurationList
items:
- metadata: {name: opa}
  webhooks:
  - clientConfig: {url: "https://a.example.org/"}
    name: a.example.org
    sideEffects: None
    admissionReviewVersions: [v1]
`, "a.example.org", hook, 6, ""},
		"JSON after JSON": {`{"kind": "ConfigMap", "apiVersion": "v1"}
{
  "kind": "ValidatingWebhookConfiguration", "apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": "opa"},
  "webhooks": [
    {"name": "a.example.org", "clientConfig": {"url": "https://a.example.org/"}, "sideEffects": "None", "admissionReviewVersions": ["v1"]}
  ]
}`, "a.example.org", hook, 5, ""},
	} {
		_, added, err := apply(untouched(t), c.content)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		p := added.Place(c.of, c.webhook)
		if p.Line != c.line || p.Template != c.template || (p.File == "f.yaml") != (c.line > 0) {
			t.Errorf("%s is at %+v, want line %d", name, p, c.line)
		}
	}
	if p := (Added{}).Place(hook, ""); p != (Place{}) {
		t.Errorf("what nothing was added of is at %+v", p)
	}
}

func crlf(s string) string {
	var out []byte
	for _, b := range []byte(s) {
		if b == '\n' {
			out = append(out, '\r')
		}
		out = append(out, b)
	}
	return string(out)
}

// TestPlaceReadsOnce: each webhook's line is asked for with each harm that it does, and a
// manifest of hundreds would be parsed tens of thousands of times.
func TestPlaceReadsOnce(t *testing.T) {
	_, added, err := apply(untouched(t), webhook)
	if err != nil {
		t.Fatal(err)
	}
	hook := Name{"ValidatingWebhookConfiguration", "opa"}
	if n := testing.AllocsPerRun(10, func() { added.Place(hook, "a.example.org") }); n > 0 {
		t.Errorf("to look where it stands takes %g allocations more each time", n)
	}
}
