package cure

import (
	"encoding/json"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// probeOf is a start-up write of a ClusterRole.
func probeOf(t *testing.T, s *facts.Snapshot) bootstrap.Write {
	t.Helper()
	for _, i := range admission.Intercept(s) {
		if i.Write.Resource.Resource == "clusterroles" {
			return i.Write
		}
	}
	t.Fatal("no write of a ClusterRole is planned")
	return bootstrap.Write{}
}

var hostile = []string{
	"'; touch broken; '", "$(touch broken)", "`touch broken`", "\\", "\"", "a\nb", "\x1b[31m", "\u202Eevil", "é😀", "!!", "%s", "*", "-n",
}

// TestCommand gives the command to a shell, in which kubectl prints its arguments.
func TestCommand(t *testing.T) {
	ops := []operation{{"test", "/webhooks/0/name", strings.Join(hostile, " ")}}
	patch, err := encode(ops)
	if err != nil {
		t.Fatal(err)
	}
	sh := exec.Command("sh", "-c", `kubectl() { printf '%s\n' "$@"; }; `+command(key{"ValidatingWebhookConfiguration", "opa"}, patch))
	sh.Dir = t.TempDir()
	out, err := sh.Output()
	if err != nil {
		t.Fatal(err)
	}
	args := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(args) != 5 || args[2] != "opa" {
		t.Fatalf("kubectl gets %q", args)
	}
	var got []operation
	if err := json.Unmarshal([]byte(strings.TrimPrefix(args[4], "--patch=")), &got); err != nil || !reflect.DeepEqual(got, ops) {
		t.Errorf("the patch is %+v, %v", got, err)
	}
}

func FuzzEncode(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		b, err := encode([]operation{{"test", "/name", s}})
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsFunc(string(b), func(r rune) bool { return r < ' ' || r > '~' || r == '\'' }) {
			t.Errorf("%q is not to be quoted", b)
		}
		var got []operation
		if err := json.Unmarshal(b, &got); err != nil || got[0].Value != s {
			t.Errorf("%q becomes %v, %v", s, got, err)
		}
	})
}
