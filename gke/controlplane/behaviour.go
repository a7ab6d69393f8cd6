package controlplane

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A Behaviour is how a webhook backend treats what reaches it.
type Behaviour struct {
	name      string
	beforeTLS bool // connections are accepted, and then nothing
	respond   func(http.ResponseWriter, *http.Request, *admissionv1.AdmissionReview)
}

// String names the behaviour, such as "slow 2s".
func (b Behaviour) String() string { return b.name }

// Respond answers the review that r held, whose body may have been read.
func (b Behaviour) Respond(w http.ResponseWriter, r *http.Request, review *admissionv1.AdmissionReview) {
	b.respond(w, r, review)
}

// After does what b does after that time.
func After(d time.Duration, b Behaviour) Behaviour {
	return Behaviour{name: b.name + " after " + d.String(), respond: func(w http.ResponseWriter, r *http.Request, review *admissionv1.AdmissionReview) {
		if Pause(r.Context(), d) == nil {
			b.respond(w, r, review)
		}
	}}
}

// Allow admits everything.
func Allow() Behaviour {
	return answering("allow", func(*admissionv1.AdmissionResponse) {})
}

// Deny refuses everything with that message and HTTP code; code 0 leaves the
// code out.
func Deny(message string, code int32) Behaviour {
	return answering("deny", func(r *admissionv1.AdmissionResponse) {
		r.Allowed = false
		r.Result = &metav1.Status{Message: message, Code: code}
	})
}

// Patch admits everything and changes it by a JSON patch.
func Patch(patch string) Behaviour {
	return answering("patch", func(r *admissionv1.AdmissionResponse) {
		kind := admissionv1.PatchTypeJSONPatch
		r.Patch, r.PatchType = []byte(patch), &kind
	})
}

// WrongUID admits everything, in answer to a question that was not asked.
func WrongUID() Behaviour {
	return answering("wrong uid", func(r *admissionv1.AdmissionResponse) { r.UID = "not-the-one" })
}

// WrongVersion admits everything, in a version that it was not asked in.
func WrongVersion() Behaviour {
	return reviewing("wrong version", func(r *admissionv1.AdmissionReview) { r.APIVersion = "admission.k8s.io/v1beta1" })
}

// NoResponse sends the review back as it came.
func NoResponse() Behaviour {
	return reviewing("no response", func(r *admissionv1.AdmissionReview) { r.Response = nil })
}

// Handle answers by h, whatever kind of backend that makes it; h can read the
// body of the request.
func Handle(name string, h http.HandlerFunc) Behaviour {
	return Behaviour{name: name, respond: func(w http.ResponseWriter, r *http.Request, _ *admissionv1.AdmissionReview) { h(w, r) }}
}

// Hang accepts connections and says nothing, not even TLS. Requests on
// connections that are open already get no answer either.
func Hang() Behaviour {
	return Behaviour{name: "hang before TLS", beforeTLS: true, respond: never}
}

// HangAfterTLS reads requests and never answers.
func HangAfterTLS() Behaviour { return Behaviour{name: "hang after TLS", respond: never} }

// Slow admits everything after that time.
func Slow(d time.Duration) Behaviour {
	allow := Allow()
	return Behaviour{name: "slow " + d.String(), respond: func(w http.ResponseWriter, r *http.Request, review *admissionv1.AdmissionReview) {
		if Pause(r.Context(), d) == nil {
			allow.respond(w, r, review)
		}
	}}
}

// Status answers with that HTTP status and no review.
func Status(code int) Behaviour {
	return Behaviour{name: fmt.Sprintf("HTTP %d", code), respond: func(w http.ResponseWriter, _ *http.Request, _ *admissionv1.AdmissionReview) {
		http.Error(w, http.StatusText(code), code)
	}}
}

// PutOff answers 503 and asks to come back in a second, always.
func PutOff() Behaviour {
	return Behaviour{name: "put off", respond: func(w http.ResponseWriter, _ *http.Request, _ *admissionv1.AdmissionReview) {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "not now", http.StatusServiceUnavailable)
	}}
}

// NotJSON answers 200 with something else than an AdmissionReview.
func NotJSON() Behaviour {
	return Behaviour{name: "not JSON", respond: func(w http.ResponseWriter, _ *http.Request, _ *admissionv1.AdmissionReview) {
		_, _ = io.WriteString(w, "<html><body>It works!</body></html>")
	}}
}

// Redirect sends the caller to url.
func Redirect(url string) Behaviour {
	return Behaviour{name: "redirect", respond: func(w http.ResponseWriter, r *http.Request, _ *admissionv1.AdmissionReview) {
		http.Redirect(w, r, url, http.StatusTemporaryRedirect)
	}}
}

// Moved sends the caller to url with a GET, which leaves the review behind.
func Moved(url string) Behaviour {
	return Behaviour{name: "moved", respond: func(w http.ResponseWriter, r *http.Request, _ *admissionv1.AdmissionReview) {
		http.Redirect(w, r, url, http.StatusFound)
	}}
}

// Endless answers 200 with blanks for as long as the caller reads them.
func Endless() Behaviour {
	return Behaviour{name: "endless", respond: func(w http.ResponseWriter, r *http.Request, _ *admissionv1.AdmissionReview) {
		block := bytes.Repeat([]byte(" "), 1<<14)
		for r.Context().Err() == nil && Pause(r.Context(), time.Millisecond) == nil {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}}
}

// Huge answers 200 with a JSON string of that many bytes.
func Huge(size int) Behaviour {
	return Behaviour{name: "huge", respond: func(w http.ResponseWriter, _ *http.Request, _ *admissionv1.AdmissionReview) {
		block := bytes.Repeat([]byte("x"), 1<<16)
		_, err := io.WriteString(w, `"`)
		for left := size; left > 0 && err == nil; left -= len(block) {
			_, err = w.Write(block[:min(left, len(block))])
		}
		_, _ = io.WriteString(w, `"`)
	}}
}

// Cut ends the connection in the middle of the answer.
func Cut() Behaviour {
	return Behaviour{name: "cut", respond: func(w http.ResponseWriter, _ *http.Request, _ *admissionv1.AdmissionReview) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"apiVersion":"admission.k8s.io/v1","kind":`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}}
}

// answering makes a proper answer: allowed, and then as adjust changes it.
func answering(name string, adjust func(*admissionv1.AdmissionResponse)) Behaviour {
	return reviewing(name, func(r *admissionv1.AdmissionReview) { adjust(r.Response) })
}

// reviewing is answering for the whole review.
func reviewing(name string, adjust func(*admissionv1.AdmissionReview)) Behaviour {
	return Behaviour{name: name, respond: func(w http.ResponseWriter, _ *http.Request, review *admissionv1.AdmissionReview) {
		if review.Request == nil {
			http.Error(w, "not an AdmissionReview", http.StatusBadRequest)
			return
		}
		answer := admissionv1.AdmissionReview{TypeMeta: review.TypeMeta, Response: &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}}
		adjust(&answer)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}}
}

func never(_ http.ResponseWriter, r *http.Request, _ *admissionv1.AdmissionReview) {
	<-r.Context().Done()
}
