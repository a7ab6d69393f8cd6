package dial

import (
	"encoding/json"
	"fmt"
	"net/http"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"
	webhookrequest "k8s.io/apiserver/pkg/admission/plugin/webhook/request"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// maxPatchWork bounds the operations of a patch times the bytes that each may have
// to move. The API server has no such bound for webhooks, and is kept busy for as
// long as it takes: an insertion before all others, 60,000 times, for 18 s.
const maxPatchWork = 1 << 30

// patched judges the patch of an answer that allows, as the API server would
// (k8s.io/apiserver pkg/admission/plugin/webhook/mutating/dispatcher.go,
// callAttrMutatingHook). A patch that can't be read is a failed call; one that
// does not apply rejects the write, whatever the failurePolicy.
func (q *question) patched(r *webhookrequest.AdmissionResponse) facts.Attempt {
	if len(r.Patch) == 0 {
		return q.Attempt(facts.Allowed, "", "")
	}
	patch, err := jsonpatch.DecodePatch(r.Patch)
	switch {
	case err != nil:
		return q.Attempt(facts.BadAnswer, facts.BadPatch, "received undecodable patch in webhook response: "+err.Error())
	case len(patch) == 0:
		return q.Attempt(facts.Allowed, "", "")
	case q.Interception.Object == nil:
		return q.patchRejected(fmt.Errorf("admission webhook %q attempted to modify the object, which is not supported for this operation", q.Interception.Webhook))
	case r.PatchType != admissionv1.PatchTypeJSONPatch:
		return q.Attempt(facts.BadAnswer, facts.BadPatch, fmt.Sprintf("unsupported patch type %q", r.PatchType))
	}
	object, err := json.Marshal(q.Interception.Object)
	if len(patch)*(len(object)+len(r.Patch)) > maxPatchWork {
		return q.Attempt(facts.CouldNotAsk, facts.TooLarge, fmt.Sprintf("a patch of %d operations in %d bytes, more than this tool applies", len(patch), len(r.Patch)))
	}
	if err == nil {
		err = applies(patch, object)
	}
	if err != nil {
		return q.patchRejected(err)
	}
	a := q.Attempt(facts.Allowed, "", "")
	a.Patched = true
	if len(r.Patch) <= facts.MaxPatch || q.Write.Shown != "" { // what is made of a real object is not kept
		a.Patch = string(r.Patch)
	}
	return a
}

// applies tries the patch. The library panics over some, such as a replacement of
// everything without a value; so does an API server, which rejects the write then.
func applies(patch jsonpatch.Patch, object []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("applying it panics: %v", r)
		}
	}()
	if object, err = patch.Apply(object); err != nil {
		return err
	}
	return json.Unmarshal(object, &map[string]any{})
}

func (q *question) patchRejected(err error) facts.Attempt {
	a := q.Attempt(facts.Denied, facts.BadPatch, "its patch does not apply, which rejects the write whatever the failurePolicy: "+err.Error())
	return withStatus(a, http.StatusInternalServerError)
}
