package whatif

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// TestBundleExpires: a CA that expires is found as a serving certificate is.
func TestBundleExpires(t *testing.T) {
	a, err := txtar.ParseFile("testdata/two-spread.txtar")
	if err != nil {
		t.Fatal(err)
	}
	s := snapshot(t, a)
	for days, want := range map[int]Verdict{20: Endangered, 40: Tolerant} {
		webhooks := facts.ValidatingWebhooks.Of(s)
		changed := webhooks[0].DeepCopy()
		changed.Webhooks[0].ClientConfig.CABundle = authority(t, s.Meta.CollectedAt.AddDate(0, 0, days))
		c := append(webhooks[:0:0], *changed)
		r := Of(s.With(facts.Present(facts.ValidatingWebhooks, c)))
		if r.Verdict != want {
			t.Errorf("with a CA that lasts %d days it is %s", days, r.Verdict)
		}
		if want != Endangered {
			continue
		}
		step := "the CA in the caBundle of opa validating-webhook.openpolicyagent.org expires on 2026-12-13 02:00 UTC"
		if got := r.Risks[0].Scenarios[0]; len(got.Events) != 1 || got.Steps[0] != step || !strings.HasPrefix(got.Lasts, "until it is renewed") {
			t.Errorf("%+v", got)
		}
	}
}

func authority(t *testing.T, until time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: until, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestGiven: what the search takes from the forecast is what a recording with
// those attempts would give.
func TestGiven(t *testing.T) {
	a, err := txtar.ParseFile("testdata/chain.txtar")
	if err != nil {
		t.Fatal(err)
	}
	s := snapshot(t, a)
	for _, w := range failClosed(s) {
		attempts := silenced(facts.Attempts.Of(s), w)
		want := forecast.Of(s.With(facts.Present(facts.Attempts, attempts)))
		if diff := cmp.Diff(want, forecast.Given(s, attempts)); diff != "" {
			t.Errorf("%s:\n%s", w.Name, diff)
		}
		if diff := cmp.Diff(forecast.Of(s), want); diff == "" {
			t.Errorf("the silence of %s changes nothing", w.Name)
		}
	}
}
