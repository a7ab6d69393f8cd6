package admission

import "testing"

// A loopback URL that is dialled from elsewhere asks whatever listens there: on
// an operator's laptop the tool would report on the laptop.
func TestLoopback(t *testing.T) {
	for url, want := range map[string]bool{
		"https://localhost:5443/webhook/warden?timeout=10s": true,
		"https://LocalHost./x":                              true,
		"https://api.localhost/x":                           true,
		"https://ip6-localhost/x":                           true,
		"https://localhost.localdomain/x":                   true,
		"https://127.0.0.1:8443":                            true,
		"https://127.255.0.9":                               true,
		"https://127.1":                                     true,
		"https://0177.0.0.1":                                true,
		"https://127.0.0.01":                                true,
		"https://0x7f.0.0.1":                                true,
		"https://2130706433":                                true,
		"https://0.0.0.0":                                   true,
		"https://0":                                         true,
		"https://[::1]:8443":                                true,
		"https://[::1%25lo]:8443":                           true,
		"https://[0:0:0:0:0:0:0:1]":                         true,
		"https://[::]":                                      true,
		"https://[::ffff:127.0.0.1]":                        true,
		"https://[::ffff:7f00:1]":                           true,
		"https://[::127.0.0.1]":                             true,
		"https://%6cocalhost":                               true,
		"https://":                                          true,
		"https://[":                                         true,
		"localhost:8443":                                    true,

		"":                              false,
		"https://10.0.0.1":              false,
		"https://128.0.0.1":             false,
		"https://[2001:db8::1]":         false,
		"https://[::ffff:10.0.0.1]":     false,
		"https://hook.example.com":      false,
		"https://localhost.example.com": false,
		"https://mylocalhost":           false,
		"https://1.2.3.4.5":             false,
		"https://2130706433.example":    false,
	} {
		if got := (Backend{URL: url}).Loopback(); got != want {
			t.Errorf("Loopback of %q is %v, want %v", url, got, want)
		}
	}
	if (Backend{Namespace: "default", Name: "hook", Port: 443, Path: "/"}).Loopback() {
		t.Error("a Service counts as loopback")
	}
}

// What counts as GKE's own is not probed and not blamed: a webhook that only
// takes GKE's name must not slip through.
func TestProviderManaged(t *testing.T) {
	const name = "warden-validating.common-webhooks.networking.gke.io"
	for _, c := range []struct {
		name, url string
		want      bool
	}{
		{name, "https://localhost:5443/webhook/warden-validating?timeout=10s", true},
		{"gmp-operator.gmp-system.monitoring.googleapis.com", "", false},
		{name, "https://203.0.113.9/", false},
		{name, "", false},
		{"mine.example.com", "https://localhost:5443/", false},
		{"common-webhooks.networking.gke.io.example.com", "https://localhost:5443/", false},
	} {
		i := Interception{Kind: ValidatingWebhook, Webhook: c.name, Backend: Backend{URL: c.url}}
		if got := i.ProviderManaged(); got != c.want {
			t.Errorf("%s at %q: ProviderManaged is %v, want %v", c.name, c.url, got, c.want)
		}
	}
}

// An IPv6 address is the name in the certificate without its brackets, and the address
// to dial with them.
func TestURLs(t *testing.T) {
	for url, want := range map[string][2]string{
		"https://[fd00::1]/admit":      {"fd00::1", "[fd00::1]:443"},
		"https://[fd00::1]:8443/admit": {"fd00::1", "[fd00::1]:8443"},
		"https://hook.example.com":     {"hook.example.com", "hook.example.com:443"},
		"https://hook.example.com:/":   {"hook.example.com", "hook.example.com:443"},
		"https://hook.example.com:1":   {"hook.example.com", "hook.example.com:1"},
		"https://[":                    {"", ""},
	} {
		b := Backend{URL: url}
		if got := [2]string{b.ServerName(), b.HostPort()}; got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
	if b := (Backend{Namespace: "opa", Name: "opa", Port: 443}); b.ServerName() != "opa.opa.svc" || b.HostPort() != "" {
		t.Errorf("a Service is called %q at %q", b.ServerName(), b.HostPort())
	}
}
