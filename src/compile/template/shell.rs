//! The page around a mail: small, readable on a phone, in light and in dark, and without anything from elsewhere.

use super::paper::escape_around;

/// Puts a body into the page; the subject is a Handlebars text. What an inbox shows beside it is filled in when rendered.
pub fn page(subject: &str, has_preheader: bool, body: &str) -> String {
    let style = "display:none;max-height:0;overflow:hidden;mso-hide:all";
    let hidden =
        if has_preheader { format!("<div style=\"{style}\">{{{{preheader}}}}</div>\n") } else { String::new() };
    let title = escape_around(subject);
    format!(
        "<!doctype html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"supported-color-schemes\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body style=\"margin:0;padding:0;background:#ffffff;color:#111827\">\n{hidden}\
         <div class=\"mail\" style=\"max-width:600px;margin:0 auto;padding:24px 20px;font-family:{FONT};font-size:16px\">\n\
         {body}</div>\n{{{{{{pixel}}}}}}</body>\n</html>\n"
    )
}

const FONT: &str = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const STYLE: &str = "@media (prefers-color-scheme:dark){body,.mail{background:#111827!important;color:#f3f4f6!important}\
    .link{color:#93c5fd!important}.small{color:#9ca3af!important}}\
    @media (max-width:480px){.mail{padding:16px 14px!important}}";
