package gketest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if answer, ok := s.compute(r); ok {
		s.answerCompute(w, r, answer)
		return
	}
	method, fill, found := s.route(r)
	if !found {
		s.record(Call{Method: r.Method + " " + r.URL.Path, Header: r.Header})
		fail(w, status.Errorf(codes.Unimplemented, "%s %s is no method that reads", r.Method, r.URL.Path))
		return
	}
	call := Call{Method: method.MethodName, Header: r.Header}
	answer, err := method.Handler(service{Server: s}, r.Context(), func(in any) error {
		message := in.(proto.Message)
		fill(message)
		call.Name = resource(message)
		s.record(call)
		return s.interfere(r, method.MethodName)
	}, nil)
	if err != nil {
		fail(w, err)
		return
	}
	body, err := protojson.MarshalOptions{UseEnumNumbers: strings.Contains(r.URL.Query().Get("$alt"), "enum-encoding=int")}.Marshal(answer.(proto.Message))
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// resource is the request's name or parent, whichever it has.
func resource(m proto.Message) string {
	fields := m.ProtoReflect().Descriptor().Fields()
	for _, name := range []string{"name", "parent"} {
		if f := fields.ByTextName(name); f != nil {
			return m.ProtoReflect().Get(f).String()
		}
	}
	return ""
}

func (s *Server) record(c Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
}

// interfere lets the call hang or fail as the test wants it.
func (s *Server) interfere(r *http.Request, method string) error {
	s.mu.Lock()
	hang, err := s.hanging[method], cmp.Or(s.failing[method], s.failing[""])
	s.mu.Unlock()
	if hang {
		<-r.Context().Done()
	}
	return err
}

// fail answers with err in the form that Google's REST interfaces give it.
func fail(w http.ResponseWriter, err error) {
	st := status.Convert(err)
	var body map[string]any
	b, _ := protojson.Marshal(st.Proto())
	_ = json.Unmarshal(b, &body)
	body["code"], body["status"] = httpStatus(st.Code()), code.Code(st.Code()).String()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(httpStatus(st.Code()))
	_ = json.NewEncoder(w).Encode(map[string]any{"error": body})
}

func httpStatus(c codes.Code) int {
	switch c {
	case codes.InvalidArgument, codes.FailedPrecondition:
		return http.StatusBadRequest
	case codes.Unauthenticated:
		return http.StatusUnauthorized
	case codes.PermissionDenied:
		return http.StatusForbidden
	case codes.NotFound:
		return http.StatusNotFound
	case codes.ResourceExhausted:
		return http.StatusTooManyRequests
	case codes.Unimplemented:
		return http.StatusNotImplemented
	case codes.Unavailable:
		return http.StatusServiceUnavailable
	case codes.DeadlineExceeded:
		return http.StatusGatewayTimeout
	}
	return http.StatusInternalServerError
}
