//! The program: one JSON object on stdout, everything else on stderr. Exit code 1: the server answered wrongly; 2: usage.

use std::process::ExitCode;

fn main() -> ExitCode {
    let command = match loadgen::cli::parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(problem) => {
            eprintln!("loadgen: {problem}\n\n{}", loadgen::cli::USAGE);
            return ExitCode::from(2);
        }
    };
    match loadgen::modes::run(command) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("loadgen: {failure}");
            ExitCode::FAILURE
        }
    }
}
