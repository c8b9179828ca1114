// An OCI registry in memory that keeps lists of referrers itself (OCI distribution-spec 1.1), for tests.
//
//	registry-with-referrers 127.0.0.1:5000
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	quiet := log.New(os.Stderr, "", 0)
	quiet.Fatal(http.ListenAndServe(os.Args[1], registry.New(registry.WithReferrersSupport(true), registry.Logger(quiet))))
}
