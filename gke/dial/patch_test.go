package dial

import (
	"encoding/json"
	"strings"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"
	webhookrequest "k8s.io/apiserver/pkg/admission/plugin/webhook/request"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// FuzzPatch applies what a backend may send as a patch, and holds what the tool
// makes of it against applying it again.
func FuzzPatch(f *testing.F) {
	request := planFor(f, backend{address: "127.0.0.1:1"}, clusterRole("a"), mutating)[0]
	object, err := json.Marshal(request.Interception.Object)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		`[]`, `null`, `{}`, `[{}]`, `[null]`, `[{"op":"add","path":"/metadata/labels","value":{"a":"b"}}]`,
		`[{"op":"remove","path":"/metadata/labels"}]`, `[{"op":"replace","path":"","value":3}]`,
		`[{"op":"add","path":"/x","value":[1]},{"op":"copy","from":"/x","path":"/x/-"},{"op":"move","from":"/x/0","path":"/x/1"}]`,
		`[{"op":"test","path":"/metadata/name","value":"a"}]`, `[{"op":"add","path":"/x/-1","value":1}]`, `[{"op":"add","path":"/metadata/~0~1","value":null}]`,
		`[{"op":"add","path":"/x","value":[]},{"op":"add","path":"/x/99999999999","value":1}]`, `[{"op":1,"path":2}]`, `[{"op":"replace","path":""}]`, `[{"op":"copy","from":"","path":"/x"}]`,
	} {
		f.Add([]byte(seed), "JSONPatch")
	}
	f.Add([]byte(`[{"op":"add","path":"/x","value":1}]`), "Merge")
	f.Fuzz(func(t *testing.T, patch []byte, kind string) {
		limitPatches()
		q := &question{Request: &request}
		a := q.patched(&webhookrequest.AdmissionResponse{Patch: patch, PatchType: admissionv1.PatchType(kind)})
		switch a.Answer {
		case facts.Allowed:
			if !fits(object, patch) {
				t.Errorf("taken for a patch that applies: %q", patch)
			}
		case facts.Denied, facts.BadAnswer:
			if a.Fault != facts.BadPatch || a.Detail == "" || a.Patched {
				t.Errorf("%+v", a)
			}
		case facts.CouldNotAsk:
			if len(patch) < 1<<14 {
				t.Errorf("%d bytes are too many: %+v", len(patch), a)
			}
		case facts.HungBeforeTLS, facts.Hung, facts.ConnectTimeout, facts.Refused, facts.NoEndpoints, facts.BadCertificate, facts.TLSOnly, facts.NotAsked:
			t.Errorf("%+v", a)
		}
	})
}

// fits reports whether the patch makes an object of the object, or is none.
func fits(object, patch []byte) bool {
	if len(patch) == 0 {
		return true
	}
	p, err := jsonpatch.DecodePatch(patch)
	return err == nil && (len(p) == 0 || applies(p, object) == nil)
}

// TestPatchOfMuchWork has a patch that would take many seconds to apply.
func TestPatchOfMuchWork(t *testing.T) {
	request := planFor(t, backend{address: "127.0.0.1:1"}, clusterRole("a"), mutating)[0]
	insertions := `[{"op":"add","path":"/x","value":[]}` + strings.Repeat(`,{"op":"add","path":"/x/0","value":1}`, 60000) + "]"
	a := (&question{Request: &request}).patched(&webhookrequest.AdmissionResponse{Patch: []byte(insertions), PatchType: admissionv1.PatchTypeJSONPatch})
	outcome{answer: facts.CouldNotAsk, fault: facts.TooLarge, detail: "a patch of 60001 operations in"}.check(t, a)
}
