// Every word of the page, in both languages.

export const WORDS = {
  zh: {
    language: "English",
    title: "扫码领取",
    again: "重试",
    claim: "领取",
    forget: "清除本机记录",
    forgotten: "本机记录已清除。",
    asking: ["正在查询…", "正在核对这枚码。"],
    ready: ["这枚码可以使用", "每枚码只能使用一次。点击“领取”后，它就归本次扫码的人所有。"],
    signing: ["正在签名…", "手机正在用瓶盖内的密钥签名，密钥不会离开手机。"],
    waiting: ["正在登记…", "正在写入各方共同的账本，一般几秒钟。请不要关闭页面。"],
    done: ["领取成功", "已写入账本，不能被更改。"],
    used: ["这枚码已被使用", "一枚码只能使用一次。如果不是您本人使用的，您手上的商品可能被人动过，请联系商家。"],
    fake: ["查无此码", "账本上没有这枚码，可能是假货。请勿食用，并联系品牌商。"],
    void: ["这枚码已作废", "品牌商已将它作废，不能使用。"],
    recalled: ["商品已被召回", "请停止食用或使用，并退回购买的门店。"],
    inactive: ["这枚码还没有激活", "商品还没有出厂登记，请过一段时间再试。"],
    unreceived: ["门店还没有签收这件商品", "门店签收之后才能使用，请告诉店员，或过一段时间再试。"],
    elsewhere: ["请用品牌商的程序扫码", "这枚码不在这个页面领取。"],
    bare: ["请扫描瓶盖内的码", "这个链接里没有密钥，只能查询，不能领取。"],
    broken: ["这不是一枚商品码", "请重新扫描商品上印的码。"],
    trouble: ["网络不通", "不知道是否已经登记。重试是安全的：同一枚码不会被登记两次。"],
    facts: {
      gtin: "商品",
      lot: "批号",
      serial: "序列号",
      time: "时间",
      store: "门店",
      region: "地区",
      usedTime: "使用时间",
      usedRegion: "使用地区",
    },
    privacy: [
      "您是谁，本页不知道，也不会问。为了记下“同一个人”，本页在这部手机里生成了一个随机代号，每个品牌、每年各一个；",
      "代号、时间和城市级地区会写入账本，并且不能删除。手机号、微信号、位置都不会被收集。",
    ].join(""),
    shortLived: "这个浏览器不能保存数据：关闭页面后，代号就没有了。",
  },
  en: {
    language: "中文",
    title: "Use your code",
    again: "Try again",
    claim: "Claim",
    forget: "Erase what this phone keeps",
    forgotten: "Erased from this phone.",
    asking: ["Looking it up…", "Checking this code."],
    ready: [
      "This code can be used",
      "Each code can be used once. When you tap “Claim”, it belongs to whoever made this scan.",
    ],
    signing: [
      "Signing…",
      "Your phone signs with the secret under the cap. The secret does not leave the phone.",
    ],
    waiting: [
      "Recording…",
      "It is being written to the ledger that all parties share: some seconds. Please stay here.",
    ],
    done: ["Claimed", "It is on the ledger and cannot be changed."],
    used: [
      "This code was used before",
      "A code can be used once. If it was not you, the goods may have been tampered with: " +
        "please tell the shop.",
    ],
    fake: [
      "No such code",
      "The ledger does not know this code: the goods may be fake. Do not consume them, and tell " +
        "the brand.",
    ],
    void: ["This code is void", "The brand has cancelled it. It cannot be used."],
    recalled: ["These goods were recalled", "Do not consume or use them. Return them to the shop."],
    inactive: [
      "This code is not active yet",
      "The goods are not yet registered as made. Please try again later.",
    ],
    unreceived: [
      "The store has not received these goods yet",
      "The code works once the store has signed for them. Tell the staff, or try again later.",
    ],
    elsewhere: ["Please scan with the brand's own app", "This code is not claimed on this page."],
    bare: [
      "Please scan the code under the cap",
      "This link has no secret in it: it can be looked up, not claimed.",
    ],
    broken: ["This is no product code", "Please scan the code that is printed on the goods."],
    trouble: [
      "No connection",
      "It may or may not be recorded. Trying again is safe: a code is never recorded twice.",
    ],
    facts: {
      gtin: "Product",
      lot: "Lot",
      serial: "Serial number",
      time: "Time",
      store: "Store",
      region: "Region",
      usedTime: "Used at",
      usedRegion: "Used in region",
    },
    privacy:
      "This page does not know who you are and does not ask. To tell one person from another it " +
      "made a random pseudonym in this phone, one for each brand and year. The pseudonym, the " +
      "time and a city-level region go on the ledger and cannot be removed from it. No phone " +
      "number, no account and no position is taken.",
    shortLived: "This browser cannot keep data: the pseudonym goes when the page is closed.",
  },
};

// "zh" or "en", by what the browser prefers.
export function languageOf(preferred) {
  return String(preferred || "zh").toLowerCase().startsWith("zh") ? "zh" : "en";
}
