package facts

import (
	"strconv"
	"strings"
)

// A Wording is how an answer is put, to go on from the name of who was asked. There is
// no other: what says more goes on from these.
type Wording struct {
	// Brief is for a sentence about something else. {ms} is how long it took.
	Brief string
	// Full is for a sentence about who was asked. {time} is how long it took.
	Full string
	// Defect is what is wrong, for a finding about it; empty where nothing is. {ms} is
	// how long it took, and {said} what was said.
	Defect string
}

// Words returns how the answer is put, with the defect that the fault names, if it is
// not put as any other of that answer. "undecided" is the answer of a policy that can't
// be evaluated.
func (a Answer) Words(f Fault) Wording {
	w := a.words()
	if d, ok := faultWords[a][f]; ok {
		w.Defect = d
	}
	return w
}

func (a Answer) words() Wording {
	switch a {
	case Allowed:
		return Wording{"allows in {ms} ms", "answers, after {time}", ""}
	case Denied:
		return Wording{"denies", "denies", "answers that it can't ({said})"}
	case HungBeforeTLS:
		return Wording{"accepts connections and then says nothing", "takes the connection and leaves the TLS handshake hanging (given up after {time})",
			"accepts connections and then says nothing, not even TLS, for {ms} ms"}
	case Hung:
		return Wording{"does not answer in time", "hangs: no answer within {time}", "does not answer within {ms} ms"}
	case ConnectTimeout:
		return Wording{"can't be connected to", "can't be connected to (given up after {time})", "can't be connected to within {ms} ms"}
	case Refused:
		return Wording{"refuses connections", "refuses the connection", "refuses connections ({said})"}
	case NoEndpoints:
		return Wording{"has no backend", "has no ready endpoint", "has no backend"}
	case BadCertificate:
		return Wording{"has a certificate that is not accepted", "shows a certificate that the API server doesn't accept", "shows a certificate that the API server would not accept ({said})"}
	case BadAnswer:
		return Wording{"gives an unusable answer", "gives an answer that the API server can't use", "gives an answer that the API server can't use ({said})"}
	case TLSOnly:
		return Wording{"was not asked", "completes a TLS handshake, and more could not be asked of it", ""}
	case NotAsked:
		return Wording{"was not asked", "was not asked", ""}
	case CouldNotAsk:
		return Wording{"was not asked", "could not be asked from here", ""}
	case "undecided":
		return Wording{"was not asked", "can't be evaluated from here", ""}
	}
	return Wording{"answers " + string(a), "answers " + string(a), ""}
}

var faultWords = map[Answer]map[Fault]string{
	Hung: {HTTPStatus: "puts its callers off until their time is over ({said})"},
	NoEndpoints: {
		NoService:  "does not exist",
		NoPort:     "has no port that is called",
		NoEndpoint: "has no endpoints",
		NoneReady:  "has no ready endpoints",
	},
	BadCertificate: {
		WrongName:      "shows a certificate for another name ({said})",
		Expired:        "shows a certificate that has expired or is not valid yet ({said})",
		OtherAuthority: "shows a certificate that no CA of caBundle has signed ({said})",
		BundleEmpty:    "has an empty caBundle, and the system's own roots have not signed its certificate ({said})",
		BundleNotPEM:   "has a caBundle that can't be read ({said})",
		BundleExpired:  "shows a certificate whose CA in caBundle has expired ({said})",
	},
	BadAnswer: {
		Redirected:   "sends the API server elsewhere ({said})",
		HTTPStatus:   "answers with an HTTP error instead of a review ({said})",
		TooLarge:     "answers without end, or more than a review can be ({said})",
		NotReview:    "answers what is no AdmissionReview ({said})",
		WrongVersion: "answers in a version of AdmissionReview that it is not asked in ({said})",
		NoResponse:   "answers an AdmissionReview without a response ({said})",
		WrongUID:     "answers another question than it is asked ({said})",
		BadPatch:     "answers with a patch that can't be used ({said})",
		Cut:          "ends the connection in the middle ({said})",
		NotTLS:       "does not speak TLS ({said})",
		TLSRefused:   "breaks off the TLS handshake ({said})",
	},
	Denied: {BadPatch: "answers with a patch that does not fit the object ({said})"},
	CouldNotAsk: {
		Redirected: "sends the API server elsewhere ({said})",
		TooLarge:   "answers with a patch larger than any object needs ({said})",
	},
}

// Brief puts the answer for a sentence about something else.
func (a Attempt) Brief() string { return a.fill(a.Answer.Words("").Brief) }

// Defect puts what is wrong with the backend as the wording does, without what was said
// if nothing was.
func (a Attempt) Defect(w Wording) string { return a.fill(w.Defect) }

func (a Attempt) fill(s string) string {
	if a.Detail == "" {
		s = strings.ReplaceAll(s, " ({said})", "")
	}
	return strings.NewReplacer("{ms}", strconv.FormatInt(a.Milliseconds, 10), "{said}", a.Detail).Replace(s)
}
