package whatif

import (
	"crypto/x509"
	"encoding/pem"
	"time"
)

// lastOf is when the last certificate of a caBundle expires; false if it holds none.
func lastOf(bundle []byte) (last time.Time, ok bool) {
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			ok = true
			if c.NotAfter.After(last) {
				last = c.NotAfter
			}
		}
	}
	return last.UTC(), ok
}
