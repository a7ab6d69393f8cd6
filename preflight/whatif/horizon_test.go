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

func TestNextEnd(t *testing.T) {
	at := func(s string) time.Time {
		parsed, err := time.Parse("2006-01-02 15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	monday := at("2026-11-23 02:00")
	for name, c := range map[string]struct {
		start, end, rule string
		want             string
	}{
		"weekend":                            {"2025-09-06 01:00", "2025-09-06 07:00", "FREQ=WEEKLY;BYDAY=SA,SU", "2026-11-28 07:00"},
		"today, under way":                   {"2025-09-01 01:00", "2025-09-01 07:00", "FREQ=WEEKLY;BYDAY=MO", "2026-11-23 07:00"},
		"over for today":                     {"2025-09-01 00:00", "2025-09-01 02:00", "FREQ=DAILY", "2026-11-24 02:00"},
		"began yesterday":                    {"2025-09-01 22:00", "2025-09-02 04:00", "FREQ=DAILY", "2026-11-23 04:00"},
		"begins next month":                  {"2026-12-05 01:00", "2026-12-05 07:00", "FREQ=WEEKLY;BYDAY=SA", "2026-12-05 07:00"},
		"once, still to come":                {"2026-12-05 01:00", "2026-12-05 07:00", "", "2026-12-05 07:00"},
		"once, and over":                     {"2026-11-05 01:00", "2026-11-05 07:00", "", ""},
		"every other week is not worked out": {"2025-09-06 01:00", "2025-09-06 07:00", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA", ""},
		"monthly is not worked out":          {"2025-09-06 01:00", "2025-09-06 07:00", "FREQ=MONTHLY;BYDAY=1SA", ""},
		"weekly on no day":                   {"2025-09-06 01:00", "2025-09-06 07:00", "FREQ=WEEKLY", ""},
		"ends before it begins":              {"2025-09-06 07:00", "2025-09-06 01:00", "FREQ=DAILY", ""},
	} {
		end, ok := nextEnd(facts.MaintenanceWindow{Start: at(c.start), End: at(c.end), Recurrence: c.rule}, monday)
		if !ok {
			end = time.Time{}
		}
		want := time.Time{}
		if c.want != "" {
			want = at(c.want)
		}
		if !end.Equal(want) {
			t.Errorf("%s: %v, want %v", name, end, want)
		}
	}
}

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
