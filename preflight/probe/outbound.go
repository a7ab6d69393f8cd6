package probe

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// The kinds of object, besides webhook configurations, by which the API server
// calls a backend.
const (
	Definition admission.Kind = "CustomResourceDefinition"
	APIService admission.Kind = "APIService"
)

// A Call is what the API server calls a backend for when it is not admission: to
// convert a custom resource, or to pass a request on to an aggregated API server.
type Call struct {
	// About is what is asked for, for the record.
	About string
	// Path is what the running API server is asked to GET: the group and version
	// of an aggregated API, or the collection in the version that is wanted.
	Path string
	// Collection is the path in whose list of one the object to convert is found;
	// empty for an aggregated API. Where it is Path, the list itself is the question.
	Collection string
	// Want is the apiVersion to convert to, ReviewVersion that of the
	// ConversionReview; empty for an aggregated API.
	Want, ReviewVersion string
}

// Outbound returns the questions about what the API server calls for other
// reasons than admission: converters of custom resources, with an object that is
// stored, and aggregated API servers. The running API server is asked to make
// each call itself, by a GET; beside that, converters are asked from o.Vantage,
// and there the certificates of both are looked at.
func Outbound(s *facts.Snapshot, o Options) []Request {
	o.Vantage = cmp.Or(o.Vantage, facts.ServiceProxy)
	p := planner{options: o, backends: backendsOf(s), asked: map[asked]int{}, settled: map[asked]bool{}, forwarded: map[asked]bool{}}
	conversions, _ := facts.Conversions.Get(s)
	for _, c := range conversions {
		p.convert(c)
	}
	services, _ := facts.APIServices.Get(s)
	for _, a := range services {
		if a.Service != "" && a.Version != "" {
			p.aggregated(a)
		}
	}
	return p.requests
}

// Converts reports whether reading objects of the definition can take a
// conversion: more than one version is served, or objects may be stored in
// another one than is served.
func Converts(c facts.Conversion) bool {
	from := readable(c)
	return from != "" && slices.ContainsFunc(append(served(c), c.StoredVersions...), func(v string) bool { return v != from })
}

// readable is the version in which reading takes the fewest conversions: that of
// storage, or the first served; empty if none is.
func readable(c facts.Conversion) string {
	versions := served(c)
	for _, v := range c.Versions {
		if v.Storage && v.Served {
			return v.Name
		}
	}
	if len(versions) == 0 {
		return ""
	}
	return versions[0]
}

func served(c facts.Conversion) []string {
	var out []string
	for _, v := range c.Versions {
		if v.Served {
			out = append(out, v.Name)
		}
	}
	return out
}

func (p *planner) convert(c facts.Conversion) {
	if !Converts(c) {
		return
	}
	r := p.outward(Definition, c.Name, admission.BackendOf(c.ClientConfig))
	from := readable(c)
	collection := func(version string) string { return path.Join("/apis", c.Group, version, c.Resource) }
	call := Call{Collection: collection(from), ReviewVersion: conversionVersion(c.ReviewVersions)}
	r.Call = &Call{About: c.Group + "/" + from}
	switch {
	case r.Known == nil && r.Skip == "" && call.ReviewVersion == "":
		r.know(facts.BadAnswer, facts.WrongVersion, "it takes none of the ConversionReviews v1 and v1beta1 that the API server sends, so that every call fails")
	case r.Known != nil:
		r.know(r.Known.Answer, r.Known.Fault, r.Known.Detail)
	}
	if r.Known != nil {
		p.requests = append(p.requests, r)
		return
	}
	p.reads(r, Call{About: c.Group + "/" + from, Path: call.Collection, Collection: call.Collection, Want: c.Group + "/" + from})
	for _, v := range served(c) {
		if v == from {
			continue
		}
		call.Want = c.Group + "/" + v
		call.About, call.Path = call.Want+" from "+c.Group+"/"+from, collection(v)
		p.reads(r, call)
		asked, this := r, call
		asked.Call = &this
		p.requests = append(p.requests, asked)
		p.forward(asked)
	}
}

// conversionVersion is the first that the API server knows, empty if there is
// none (k8s.io/apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go,
// createConversionReviewObjects).
func conversionVersion(versions []string) string {
	for _, v := range versions {
		if v == "v1" || v == "v1beta1" {
			return v
		}
	}
	return ""
}

// reads adds that the running API server is to be asked.
func (p *planner) reads(r Request, c Call) {
	r.Call, r.Vantage, r.Skip, r.Addresses = &c, facts.ServerRead, "", nil
	p.requests = append(p.requests, r)
}

func (p *planner) aggregated(a facts.APIService) {
	namespace, name, _ := strings.Cut(a.Service, "/")
	b := admission.Backend{Namespace: namespace, Name: name, Port: cmp.Or(a.Port, 443), Path: "/", CABundle: a.CABundle}
	r := p.outward(APIService, a.Name, b)
	r.Call = &Call{About: a.Group + "/" + a.Version, Path: path.Join("/apis", a.Group, a.Version)}
	if r.Known != nil {
		r.know(r.Known.Answer, r.Known.Fault, r.Known.Detail)
		p.requests = append(p.requests, r)
		return
	}
	p.reads(r, *r.Call)
	switch {
	case a.InsecureSkipTLSVerify || r.Skip != "":
	case r.Vantage == facts.PodNetwork:
		p.requests = append(p.requests, r)
	default:
		p.forward(r)
	}
}

// outward begins a question to the backend of an object.
func (p *planner) outward(kind admission.Kind, name string, b admission.Backend) Request {
	r := Request{Vantage: p.options.Vantage, Timeout: defaultTimeout,
		Interception: admission.Interception{Kind: kind, Name: name, Timeout: defaultTimeout, Backend: b}}
	p.backends.resolve(&r)
	return r
}

// IsOutbound reports whether the attempt belongs to [facts.OutboundAttempts].
func IsOutbound(a facts.Attempt) bool {
	return a.Type == string(Definition) || a.Type == string(APIService)
}
